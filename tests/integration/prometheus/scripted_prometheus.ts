/** A server that answers `/api/v1/query` as a test says: for what no real Prometheus does on demand. @module */

/** How one query is answered. */
export type Script = (
  query: string,
  request: Request,
) => Response | Promise<Response>;

/** An answer with one sample for each value; texts go in as they are. */
export function vector(...values: readonly (number | string)[]): Response {
  return Response.json({
    status: "success",
    data: {
      resultType: "vector",
      result: values.map((value, i) => ({
        metric: { series: String(i) },
        value: [0, String(value)],
      })),
    },
  });
}

/** A scripted server on a free port of the loopback. */
export class ScriptedPrometheus implements AsyncDisposable {
  /** Every request, in the order they came. */
  readonly requests: { readonly url: URL; readonly headers: Headers }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ended = new AbortController();
  #script: Script;

  constructor(script: Script) {
    this.#script = script;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, (request) => {
      const url = new URL(request.url);
      this.requests.push({ url, headers: request.headers });
      return this.#script(url.searchParams.get("query") ?? "", request);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Aborts when the server is disposed of: what a hanging answer waits for. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Answers from now on. */
  answer(script: Script): void {
    this.#script = script;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#server.shutdown();
  }
}
