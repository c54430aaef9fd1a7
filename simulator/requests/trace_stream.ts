/** Requests of a trace, faster or slower than they were, over and over. @module */

import type { Arrivals } from "../world/mod.ts";
import { NO_BLOCKS, type RequestStream } from "./request_stream.ts";

/** A trace as columns, in the order of time. */
export interface RequestTrace {
  /** Since the first request, milliseconds. */
  readonly atMs: Float64Array;
  readonly islTokens: Int32Array;
  readonly oslTokens: Int32Array;
  /** Numbers of prompt blocks, request after request; empty without `hash_ids`. */
  readonly blocks: Int32Array;
  /** Where each request's blocks begin, and at the end their count; empty without `hash_ids`. */
  readonly blocksFrom: Int32Array;
  /** Block numbers are below this. */
  readonly blockCount: number;
  /** From the first request until it may begin anew, milliseconds. */
  readonly lengthMs: number;
}

/** Plays a trace. */
export class TraceStream implements RequestStream {
  nextMs = Infinity;
  /** Rounds that have been played; in each, equal block numbers are other text. */
  blocksEpoch = 0;
  readonly blocks: Int32Array;
  readonly #trace: RequestTrace;
  readonly #speed: number;
  #at = 0;
  #untilMs = 0;

  /**
   * @param speed times as fast as it was
   * @param offsetMs of the trace's own time, at which it begins
   */
  constructor(trace: RequestTrace, speed: number, offsetMs = 0) {
    this.#trace = trace;
    this.#speed = speed;
    this.blocks = trace.blocksFrom.length > 0 ? trace.blocks : NO_BLOCKS;
    while (
      this.#at < trace.atMs.length - 1 && trace.atMs[this.#at]! < offsetMs
    ) this.#at++;
    this.#offsetMs = offsetMs;
  }

  readonly #offsetMs: number;

  get islTokens(): number {
    return this.#trace.islTokens[this.#at]!;
  }

  get oslTokens(): number {
    return this.#trace.oslTokens[this.#at]!;
  }

  get blocksFrom(): number {
    return this.#trace.blocksFrom[this.#at] ?? 0;
  }

  get blocksUntil(): number {
    return this.#trace.blocksFrom[this.#at + 1] ?? 0;
  }

  open(_fromMs: number, untilMs: number, _arrivals: Arrivals): void {
    this.#untilMs = untilMs;
    this.#settle();
  }

  advance(): void {
    this.#at++;
    if (this.#at >= this.#trace.atMs.length) {
      this.#at = 0;
      this.blocksEpoch++;
    }
    this.#settle();
  }

  #settle(): void {
    const { atMs, lengthMs } = this.#trace;
    const own = this.blocksEpoch * lengthMs + atMs[this.#at]! - this.#offsetMs;
    const next = Math.max(0, own) / this.#speed;
    this.nextMs = next < this.#untilMs ? next : Infinity;
  }
}
