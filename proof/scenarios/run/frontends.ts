/** Frontends of a scenario: small HTTP servers that take admission thresholds, or refuse them while a fault says so. @module */

import type { FrontendPod } from "../../../planner/mod.ts";
import {
  type ActiveFaults,
  type Random,
  seededRandom,
} from "../../../simulator/mod.ts";

/** How many there are (`reference-testbed.md` §9). */
const FRONTENDS = 3;

/** Three frontends on loopback. */
export class Frontends implements AsyncDisposable {
  readonly #servers: readonly Deno.HttpServer<Deno.NetAddr>[];
  readonly #random: Random;
  readonly #active: ActiveFaults;
  /** Thresholds that a frontend took, the newest last; bounded by the run. */
  readonly taken: Readonly<Record<string, unknown>>[] = [];
  refused = 0;
  /** Which frontends refuse is drawn once a fan-out, so that the order of connections decides nothing. */
  #refusing: readonly boolean[] = [];

  constructor(active: ActiveFaults, seed: number) {
    this.#active = active;
    this.#random = seededRandom(seed);
    this.#servers = Array.from(
      { length: FRONTENDS },
      (_, index) =>
        Deno.serve({
          hostname: "127.0.0.1",
          port: 0,
          onListen: () => {},
        }, (request) => this.#answer(request, index)),
    );
  }

  /** The frontends as a cluster lists them. */
  list(): Promise<readonly FrontendPod[]> {
    const share = this.#active.all("frontend_refuses").reduce(
      (most, fault) => Math.max(most, fault.share),
      0,
    );
    this.#refusing = this.#servers.map(() => this.#random() < share);
    return Promise.resolve(this.#servers.map(({ addr }, index) => ({
      name: `frontend-${index + 1}`,
      ip: addr.hostname,
      ports: [{ name: "http", containerPort: addr.port }],
    })));
  }

  async #answer(request: Request, index: number): Promise<Response> {
    const body: unknown = await request.json();
    if (this.#refusing[index]) {
      this.refused++;
      return new Response("refused on purpose", { status: 503 });
    }
    if (typeof body === "object" && body !== null) {
      this.taken.push({ ...body });
    }
    return new Response("{}", {
      headers: { "content-type": "application/json" },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown()));
  }
}
