/** Passes what the dashboard reads on to a running planner: reading alone, and nothing but its read-only API. @module */

import { errorAnswer } from "../../service/mod.ts";

/** What is passed on. */
const READ = /^\/api\/v1\/(?:state|stream|decisions(?:\/[0-9]{1,15})?)$/;

/** Longest wait for a planner to begin its answer, milliseconds. */
const ANSWER_MS = 10_000;

/** Answers a request for the planner; undefined: it is for somebody else. */
export type PlannerProxy = (request: Request) => Promise<Response | undefined>;

/**
 * A proxy to one planner.
 *
 * @param planner its address, `http://127.0.0.1:9090`
 */
export function plannerProxy(planner: URL): PlannerProxy {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    if (!pathname.startsWith("/api/")) return undefined;
    if (request.method !== "GET" || !READ.test(pathname)) {
      return errorAnswer(404, "not_found", "Nothing is passed on from here.");
    }
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), ANSWER_MS);
    const lastId = request.headers.get("last-event-id");
    try {
      const answer = await fetch(new URL(`${pathname}${search}`, planner), {
        headers: {
          accept: request.headers.get("accept") ?? "*/*",
          ...(lastId === null ? {} : { "last-event-id": lastId }),
        },
        redirect: "error",
        signal: late.signal,
      });
      return new Response(answer.body, {
        status: answer.status,
        headers: headersOf(answer),
      });
    } catch (error) {
      const why = late.signal.aborted
        ? `no answer in ${ANSWER_MS / 1000} s`
        : error instanceof Error
        ? error.message
        : String(error);
      return errorAnswer(
        502,
        "planner_unreachable",
        `The planner at ${planner.origin} does not answer: ${why}`,
      );
    } finally {
      clearTimeout(timer);
    }
  };
}

function headersOf(answer: Response): Headers {
  const headers = new Headers({ "cache-control": "no-store" });
  for (const name of ["content-type", "retry-after"]) {
    const value = answer.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return headers;
}
