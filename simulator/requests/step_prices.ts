/** What a step costs in time and watts at a worker's limit. @module */

import type { BiasSignal } from "../faults/mod.ts";
import type { EngineTruth } from "../world/mod.ts";
import { DecodeTable, PassTable, SlowdownTables } from "./step_times.ts";
import type { Worker } from "./worker.ts";

/** What moves the truth at this moment, a factor a signal. */
export type StepBias = (signal: BiasSignal) => number;

const UNBIASED: StepBias = () => 1;

/** Prices steps by the truth, through its tables; what biases it comes after them, so that it may change. */
export class StepPrices {
  readonly #idleWatts: number;
  readonly #mostBatch: number;
  readonly #passes: PassTable;
  readonly #decodes: DecodeTable;
  readonly #slowdowns: SlowdownTables;
  readonly #bias: StepBias;

  constructor(
    truth: EngineTruth,
    { maxBatchedTokens, mostBatch, bias = UNBIASED }: {
      readonly maxBatchedTokens: number;
      readonly mostBatch: number;
      readonly bias?: StepBias | undefined;
    },
  ) {
    this.#bias = bias;
    this.#idleWatts = truth.idleWatts;
    this.#mostBatch = mostBatch;
    this.#passes = new PassTable(truth, maxBatchedTokens);
    this.#decodes = new DecodeTable(truth);
    this.#slowdowns = new SlowdownTables(truth);
  }

  /**
   * Begins the step that a worker's pass and batch make up: its draw from now on, its length in `stepMs`. A step of an
   * aggregated engine costs what its pass and its batch cost apart.
   *
   * @param pairs attention pairs of the pass
   * @returns whether there is anything to do
   */
  begin(worker: Worker, pairs: number, nowMs: number): boolean {
    const { limitWatts, slowdowns, side } = worker;
    let milliseconds = 0;
    let wattMs = 0;
    let isCapped = false;
    if (worker.passTokens > 0) {
      this.#passes.ask(worker.passTokens, pairs);
      const watts = this.#passes.watts * this.#bias("power_prefill");
      const passMs = this.#passes.milliseconds * this.#bias("ttft") *
        this.#slowdowns.ask(slowdowns, limitWatts, watts, side);
      milliseconds += passMs;
      wattMs += passMs * Math.min(watts, limitWatts);
      isCapped = watts > limitWatts;
    }
    const batch = worker.stepBatch;
    if (batch > 0) {
      const asked = Math.min(batch, this.#mostBatch);
      this.#decodes.ask(asked, worker.batchKvTokens / batch);
      const watts = this.#decodes.watts * this.#bias("power_decode");
      const stepMs = this.#decodes.milliseconds * this.#bias("itl") *
        this.#slowdowns.ask(slowdowns, limitWatts, watts, side);
      milliseconds += stepMs;
      wattMs += stepMs * Math.min(watts, limitWatts);
      isCapped ||= watts > limitWatts;
    }
    worker.accrue(nowMs);
    worker.busy = milliseconds > 0;
    worker.isCapped = isCapped;
    worker.drawWatts = worker.busy
      ? wattMs / milliseconds
      : Math.min(this.#idleWatts, limitWatts);
    if (worker.busy) worker.stepMs = milliseconds;
    return worker.busy;
  }

  /** A limit that changes in the middle of a step holds for its draw at once, for its length from the next step on. */
  limit(worker: Worker, limitWatts: number, nowMs: number): void {
    worker.accrue(nowMs);
    worker.limitWatts = limitWatts;
    worker.slowdowns = this.#slowdowns.of(limitWatts, worker.side);
    worker.drawWatts = Math.min(
      worker.busy ? worker.drawWatts : this.#idleWatts,
      limitWatts,
    );
  }

  /** Slowdowns of a new worker. */
  slowdowns(limitWatts: number, side: Worker["side"]): Float64Array {
    return this.#slowdowns.of(limitWatts, side);
  }
}
