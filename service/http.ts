/** HTTP serving with limits: no client, slow, large or numerous, holds what the process is for. @module */

import { logger } from "./log.ts";

/** What one server takes. */
export interface HttpLimits {
  /** Requests in work at a time, streams included; more are told 503. */
  readonly activeRequests: number;
  readonly bodyBytes: number;
  /** Longest wait for a whole body, milliseconds. */
  readonly bodyMs: number;
  /** Longest path with its query. */
  readonly urlLength: number;
}

/** Enough for people, dashboards and a scraper. */
export const HTTP_LIMITS: HttpLimits = {
  activeRequests: 128,
  bodyBytes: 16_384,
  bodyMs: 5_000,
  urlLength: 2_048,
};

/** Answers one request. */
export type HttpHandler = (request: Request) => Response | Promise<Response>;

/** A server that runs. */
export interface HttpServer {
  readonly hostname: string;
  readonly port: number;
  /** Takes no more connections, gives answers under way `milliseconds`, then cuts them. */
  close(milliseconds?: number): Promise<void>;
}

/** An error as programs read it. */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error: { code, message } }, { status, headers });
}

/**
 * Serves until closed.
 *
 * @param options where to listen; port 0 takes a free one
 * @param handler a handler that throws is answered with 500, and logged
 * @throws when the address cannot be bound
 */
export function serveHttp(
  options: {
    readonly hostname: string;
    readonly port: number;
    readonly limits?: Partial<HttpLimits>;
    /** Part of the log. */
    readonly part: string;
  },
  handler: HttpHandler,
): HttpServer {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const log = logger(options.part);
  const cut = new AbortController();
  let active = 0;
  const server = Deno.serve(
    {
      hostname: options.hostname,
      port: options.port,
      signal: cut.signal,
      onListen: () => {},
      onError(error) {
        log.error("A request failed: {error}", { error: String(error) });
        return errorAnswer(500, "internal", "The request failed.");
      },
    },
    async (request) => {
      if (active >= limits.activeRequests) {
        return errorAnswer(503, "too_many_requests", "Too many requests.", {
          "retry-after": "1",
        });
      }
      const { pathname, search } = new URL(request.url);
      if (pathname.length + search.length > limits.urlLength) {
        return errorAnswer(414, "url_too_long", "The address is too long.");
      }
      active++;
      let response: Response;
      try {
        response = await handler(request);
      } catch (error) {
        active--;
        throw error;
      }
      // An answer is in work until its last byte left, or its reader went.
      return whenSent(response, () => active--);
    },
  );
  return {
    hostname: server.addr.hostname,
    port: server.addr.port,
    async close(milliseconds = 2_000) {
      const timer = setTimeout(() => cut.abort(), milliseconds);
      try {
        await server.shutdown();
      } finally {
        clearTimeout(timer);
      }
      await server.finished;
    },
  };
}

/** What reading a body gives. */
export type BodyReading =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refused"; readonly answer: Response };

/** Reads a body within its size and time. */
export async function readBody(
  request: Request,
  limits: Pick<HttpLimits, "bodyBytes" | "bodyMs"> = HTTP_LIMITS,
): Promise<BodyReading> {
  const reader = request.body?.getReader();
  if (!reader) return { kind: "text", text: "" };
  const tooLarge: BodyReading = {
    kind: "refused",
    answer: errorAnswer(
      413,
      "body_too_large",
      `The body is larger than ${limits.bodyBytes} bytes.`,
    ),
  };
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > limits.bodyBytes) {
    await reader.cancel().catch(() => undefined);
    return tooLarge;
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => undefined);
  }, limits.bodyMs);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > limits.bodyBytes) {
        await reader.cancel().catch(() => undefined);
        return tooLarge;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The client went away, or was too slow.
    late = true;
  } finally {
    clearTimeout(timer);
  }
  return late
    ? {
      kind: "refused",
      answer: errorAnswer(408, "body_timeout", "The body did not arrive."),
    }
    : { kind: "text", text: text + decoder.decode() };
}

function whenSent(response: Response, sent: () => void): Response {
  let told = false;
  const once = () => {
    if (!told) sent();
    told = true;
  };
  const headers = new Headers(response.headers);
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  const { status, statusText, body } = response;
  if (!body) {
    once();
    return new Response(null, { status, statusText, headers });
  }
  const reader = body.getReader();
  const counted = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        once();
        controller.close();
      } catch (error) {
        once();
        controller.error(error);
      }
    },
    async cancel(reason) {
      once();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
  return new Response(counted, { status, statusText, headers });
}
