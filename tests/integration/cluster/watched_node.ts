/** A pod view of `node-a` over a real connection to a scripted API server, on virtual time. @module */

import { NodePodView } from "../../../cluster/pod_view.ts";
import { ApiTransport } from "../../../cluster/transport.ts";
import { VirtualClock } from "../../unit/cluster/virtual_clock.ts";
import { ScriptedApiServer } from "./scripted_api_server.ts";

/** Guards against a test that waits for what never comes; no test waits for this to pass. */
const GUARD_MS = 20_000;

/** View, server and clock of one test. */
export class WatchedNode implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly view: NodePodView;
  readonly server: ScriptedApiServer;
  readonly #transport: ApiTransport;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** How often the way to the server has been read anew. */
  loads = 0;
  readonly #guard: ReturnType<typeof setTimeout>;

  private constructor(server: ScriptedApiServer) {
    this.server = server;
    this.#transport = new ApiTransport(() => {
      this.loads++;
      return Promise.resolve({
        server: server.url,
        caCertificates: [],
        namespace: "default",
      });
    });
    this.view = new NodePodView("node-a", {
      transport: this.#transport,
      clock: this.clock,
      random: () => 0.5,
    });
    this.#running = this.view.run(this.#stop.signal);
    this.#guard = setTimeout(() => {
      throw new Error("The test waited too long.");
    }, GUARD_MS);
  }

  static async start(): Promise<WatchedNode> {
    return new WatchedNode(await ScriptedApiServer.start());
  }

  /** Names and power limits in the view: `worker-0=300`. */
  get pods(): string[] {
    return this.view.snapshot().pods.map((pod) =>
      `${pod.name}=${pod.powerLimit ?? ""}`
    ).sort();
  }

  /** Resolves at the first change after which `holds`, or at once when it does. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (holds()) return resolve();
      const end = this.view.onChange(() => {
        if (!holds()) return;
        end();
        resolve();
      });
    });
  }

  /** Resolves when there have been `count` faults of this kind. */
  faults(
    kind: keyof NodePodView["counts"]["faults"],
    count = 1,
  ): Promise<void> {
    return this.until(() => this.view.counts.faults[kind] >= count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#guard);
    this.#stop.abort();
    await this.#running;
    this.#transport[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
