/** One engine: what it computes right now, its batch, its cache, and what its GPUs draw. @module */

import type { SimulatedSide } from "../cluster/mod.ts";
import { FinishHeap } from "./finish_heap.ts";
import { Ring } from "./ring.ts";

/** A replica's engine. Times are milliseconds since the beginning, draws watts of one of its GPUs. */
export class Worker {
  readonly name: string;
  readonly side: SimulatedSide;
  readonly slot: number;
  readonly prefills: boolean;
  readonly decodes: boolean;
  limitWatts: number;
  slowdowns: Float64Array;
  /** Takes new work. */
  serving = false;
  /** The world still has it. */
  seen = true;
  /** A step is under way, and its end is in the heap. */
  busy = false;

  // Prefill: prompts that the pass under way finishes, and the one that it only begins.
  pass = new Int32Array(16);
  passSize = 0;
  partial = -1;
  passTokens = 0;

  // Decode: the batch, those that join it at the next step, and the cache of both.
  readonly batch = new FinishHeap();
  readonly inbox = new Ring();
  kvTokens = 0;
  /** Of it, the batch's. */
  batchKvTokens = 0;
  steps = 0;
  /** Requests in the step under way. */
  stepBatch = 0;

  // Power: what it draws now, and sums since the last look.
  drawWatts: number;
  isCapped = false;
  #accruedMs: number;
  joules = 0;
  busyMs = 0;
  cappedMs = 0;
  stepMs = 0;

  constructor(what: {
    readonly name: string;
    readonly side: SimulatedSide;
    readonly slot: number;
    readonly limitWatts: number;
    readonly slowdowns: Float64Array;
    readonly idleWatts: number;
    readonly nowMs: number;
  }) {
    this.name = what.name;
    this.side = what.side;
    this.slot = what.slot;
    this.prefills = what.side !== "decode";
    this.decodes = what.side !== "prefill";
    this.limitWatts = what.limitWatts;
    this.slowdowns = what.slowdowns;
    this.drawWatts = Math.min(what.idleWatts, what.limitWatts);
    this.#accruedMs = what.nowMs;
  }

  /** Nothing of its own is left. */
  get isEmpty(): boolean {
    return !this.busy && this.partial < 0 && this.batch.size === 0 &&
      this.inbox.size === 0;
  }

  /** Requests that it has or is about to have in its batch. */
  get load(): number {
    return this.batch.size + this.inbox.size;
  }

  /** Adds up draw and time until now; to be called before any of them changes. */
  accrue(nowMs: number): void {
    const passed = nowMs - this.#accruedMs;
    this.#accruedMs = nowMs;
    this.joules += this.drawWatts * passed / 1000;
    if (!this.busy) return;
    this.busyMs += passed;
    if (this.isCapped) this.cappedMs += passed;
  }

  /** Forgets the sums. */
  clearSums(): void {
    this.joules = this.busyMs = this.cappedMs = 0;
  }

  putInPass(id: number): void {
    if (this.passSize === this.pass.length) {
      const pass = new Int32Array(this.pass.length * 2);
      pass.set(this.pass);
      this.pass = pass;
    }
    this.pass[this.passSize++] = id;
  }
}
