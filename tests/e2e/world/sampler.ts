/** R41 from the outside: what GPUs may draw together, sampled on the devices, against the budget. @module */

import { Worker } from "node:worker_threads";

/** What a sampler is told. */
export type SamplerRequest =
  | { readonly kind: "watch"; readonly files: readonly string[] }
  | { readonly kind: "allow"; readonly watts: number }
  | { readonly kind: "take" };

/** What was seen since it was last taken. */
export interface Samples {
  readonly samples: number;
  readonly largestWatts: number;
  /** Samples above what was allowed at their time. */
  readonly violations: number;
  readonly worstExcessWatts: number;
  /** Longest time without a sample. */
  readonly longestGapMs: number;
}

/** The sampling thread. */
export class Sampler implements AsyncDisposable {
  readonly #worker = new Worker(
    new URL("./sampler_worker.ts", import.meta.url),
  );

  /** @param files state files of the nodes' devices */
  constructor(files: readonly string[]) {
    this.#send({ kind: "watch", files });
  }

  /** From now on a larger sum is a violation. */
  allow(watts: number): void {
    this.#send({ kind: "allow", watts });
  }

  /** What was seen since the last take. */
  take(): Promise<Samples> {
    return new Promise((resolve) => {
      this.#worker.once("message", (samples: Samples) => resolve(samples));
      this.#send({ kind: "take" });
    });
  }

  #send(request: SamplerRequest): void {
    this.#worker.postMessage(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
