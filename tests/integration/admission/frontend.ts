/** A frontend on the loopback that takes `/busy_threshold` as a test tells it to. @module */

import type { FrontendPod } from "../../../planner/admission/mod.ts";

/** What a frontend does with a post; absent: it takes it. */
export type Behaviour = (request: Request) => Response | Promise<Response>;

/** One frontend. */
export class Frontend implements AsyncDisposable {
  /** Paths and bodies that came. */
  readonly posts: { readonly path: string; readonly body: unknown }[] = [];
  readonly #ended = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #name: string;
  #behaviour: Behaviour;

  constructor(name: string, behaviour: Behaviour = taken) {
    this.#name = name;
    this.#behaviour = behaviour;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
    }, async (request) => {
      this.posts.push({
        path: `${request.method} ${new URL(request.url).pathname}`,
        body: await request.json(),
      });
      return await this.#behaviour(request);
    });
  }

  /** The pod as Kubernetes lists it. */
  get pod(): FrontendPod {
    return {
      name: this.#name,
      ip: "127.0.0.1",
      ports: [{ name: "http", containerPort: this.#server.addr.port }],
    };
  }

  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
  }

  /** Never answers while the frontend lives. */
  hang: Behaviour = () =>
    new Promise((resolve) =>
      this.#ended.signal.addEventListener(
        "abort",
        () => resolve(new Response()),
      )
    );

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#server.shutdown();
  }
}

/** The frontend takes the thresholds. */
export const taken: Behaviour = () => Response.json({ status: "ok" });

/** An address where nothing listens. */
export function nobody(name: string): FrontendPod {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return {
    name,
    ip: "127.0.0.1",
    ports: [{ name: "http", containerPort: port }],
  };
}
