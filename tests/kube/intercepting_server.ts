/** An HTTP server before an API server that hands requests on, unless a test answers one itself. @module */

import type { Endpoint } from "../../cluster/mod.ts";

/** One request on its way. */
export interface Intercepted {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly isWatch: boolean;
  /** The API server's own answer. */
  readonly onward: () => Promise<Response>;
}

/** Undefined hands the request on. */
export type Interception = (
  request: Intercepted,
) => Response | undefined | Promise<Response | undefined>;

/** Speaks to the API server as the administrator, and to clients without TLS. */
export class InterceptingServer implements AsyncDisposable {
  /** What is done with the next requests. */
  intercept: Interception = () => undefined;
  /** `METHOD path` of every request, watches included. */
  readonly seen: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #client: Deno.HttpClient;
  readonly #target: URL;
  readonly #ended = new AbortController();
  readonly #watches = new Set<() => void>();

  constructor({ server, caCertificates, clientCertificate }: Endpoint) {
    this.#target = server;
    this.#client = Deno.createHttpClient({
      caCerts: [...caCertificates],
      http2: false,
      cert: clientCertificate?.certificate ?? "",
      key: clientCertificate?.key ?? "",
    });
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
    }, (request) => this.#answer(request));
  }

  /** The way through here. */
  get endpoint(): Endpoint {
    return {
      server: new URL(`http://127.0.0.1:${this.#server.addr.port}`),
      caCertificates: [],
      namespace: "default",
    };
  }

  /** Writes that came, as `METHOD path`. */
  get writes(): readonly string[] {
    return this.seen.filter((line) => !line.startsWith("GET "));
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams, search } = new URL(request.url);
    this.seen.push(`${request.method} ${pathname}`);
    const body = request.method === "GET" ? null : await request.text();
    const onward = async () =>
      await fetch(new URL(`${pathname}${search}`, this.#target), {
        method: request.method,
        headers: {
          accept: "application/json",
          "content-type": request.headers.get("content-type") ??
            "application/json",
        },
        body,
        client: this.#client,
      });
    const own = await this.intercept({
      method: request.method,
      path: pathname,
      query: searchParams,
      isWatch: searchParams.has("watch"),
      onward,
    });
    if (own) return own;
    try {
      const { body, status, headers } = await onward();
      return new Response(body && this.#endable(body, searchParams), {
        status,
        headers: {
          "content-type": headers.get("content-type") ?? "application/json",
        },
      });
    } catch {
      return new Response("gone", { status: 502 });
    }
  }

  /** A watch's body, so that {@linkcode endWatches} can end it. */
  #endable(
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    query: URLSearchParams,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (!query.has("watch")) return body;
    return body.pipeThrough(
      new TransformStream({
        start: (controller) => {
          this.#watches.add(() => controller.terminate());
        },
      }),
    );
  }

  /** Ends the watches that are open, as an API server does after a while; their clients open new ones. */
  endWatches(): void {
    for (const end of this.#watches) {
      try {
        end();
      } catch {
        // It has ended already.
      }
    }
    this.#watches.clear();
  }

  /** A watch that is open and never says anything. */
  silence(): Response {
    const { signal } = this.#ended;
    return new Response(
      new ReadableStream({
        start: (controller) =>
          signal.addEventListener("abort", () => {
            try {
              controller.close();
            } catch {
              // The client has gone already.
            }
          }),
      }),
      { headers: { "content-type": "application/json" } },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endWatches();
    this.#ended.abort();
    await this.#server.shutdown();
    this.#client.close();
  }
}

/** A `Status` as an API server answers it. */
export function status(
  code: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    message,
  }, { status: code, headers });
}
