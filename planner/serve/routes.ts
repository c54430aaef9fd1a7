/** The planner's HTTP answers: metrics, health, decisions, state, stream. Reads memory only. @module */

import {
  errorAnswer,
  type EventStream,
  type HttpHandler,
} from "../../service/mod.ts";
import type { Json } from "../loop/mod.ts";
import type { DecisionStore } from "./decision_store.ts";

/** What the routes show. */
export interface RouteOptions {
  /** The exposition and its media type. */
  readonly metrics: () => Promise<{
    readonly text: string;
    readonly contentType: string;
  }>;
  readonly decisions: DecisionStore;
  readonly stream: EventStream;
  readonly state: () => Json;
  /** Empty: alive. */
  readonly sick: () => readonly string[];
  /** Why the planner does not do its work, one line each; empty: ready. */
  readonly notReady: () => readonly string[];
  /** What `/readyz` says beside that; undefined: nothing. */
  readonly role?: () => string | undefined;
}

/** Decisions of one page at most. */
const MOST_OF_PAGE = 200;
const USUAL_PAGE = 50;

/** Answers every path of the service. */
export function planRoutes(options: RouteOptions): HttpHandler {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return errorAnswer(405, "method_not_allowed", "Use GET.", {
        allow: "GET, HEAD",
      });
    }
    switch (pathname) {
      case "/metrics": {
        const { text, contentType } = await options.metrics();
        return new Response(text, { headers: { "content-type": contentType } });
      }
      case "/healthz":
        return lines(options.sick());
      case "/readyz":
        return lines(options.notReady(), options.role?.());
      case "/api/v1/state":
        return Response.json(options.state());
      case "/api/v1/decisions":
        return page(options.decisions, searchParams);
      case "/api/v1/stream":
        return stream(options.stream, request);
    }
    const id = /^\/api\/v1\/decisions\/([^/]+)$/.exec(pathname)?.[1];
    return id === undefined
      ? errorAnswer(404, "not_found", "Nothing is here.")
      : decision(options.decisions, id);
  };
}

function lines(problems: readonly string[], role?: string): Response {
  const ok = problems.length === 0;
  return new Response(
    ok
      ? `ok\n${role === undefined ? "" : `${role}\n`}`
      : `${["not ok", ...problems].join("\n")}\n`,
    {
      status: ok ? 200 : 503,
      headers: { "content-type": "text/plain; charset=utf-8" },
    },
  );
}

function page(decisions: DecisionStore, query: URLSearchParams): Response {
  const limit = wholeNumber(query.get("limit") ?? String(USUAL_PAGE));
  if (limit === undefined || limit < 1 || limit > MOST_OF_PAGE) {
    return errorAnswer(
      400,
      "invalid_limit",
      `limit takes a whole number from 1 to ${MOST_OF_PAGE}.`,
    );
  }
  const before = query.get("before");
  const beforeId = before === null ? undefined : wholeNumber(before);
  if (before !== null && beforeId === undefined) {
    return errorAnswer(
      400,
      "invalid_before",
      "before takes the id of a decision.",
    );
  }
  const found = decisions.page(limit, beforeId);
  return Response.json({
    decisions: found.decisions,
    next_before: found.nextBefore,
    kept: decisions.size,
  });
}

function decision(decisions: DecisionStore, text: string): Response {
  const id = wholeNumber(text);
  if (id === undefined) {
    return errorAnswer(400, "invalid_id", "An id is a whole number.");
  }
  const found = decisions.get(id);
  return found
    ? Response.json(found)
    : errorAnswer(404, "not_found", `Decision ${id} is not kept.`);
}

function stream(events: EventStream, request: Request): Response {
  if (request.method === "HEAD") {
    return new Response(null, {
      headers: { "content-type": "text/event-stream" },
    });
  }
  const body = events.open(request.headers.get("last-event-id"));
  return body
    ? new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      },
    })
    : errorAnswer(503, "too_many_readers", "Too many readers of the stream.", {
      "retry-after": "5",
    });
}

function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
