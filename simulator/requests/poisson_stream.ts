/** Made-up requests: Poisson within each window, lengths spread around the window's means. @module */

import type { Random } from "../random.ts";
import type { Arrivals } from "../world/mod.ts";
import { exponential } from "./exponential.ts";
import { NO_BLOCKS, type RequestStream } from "./request_stream.ts";

/** A factor with mean 1 on a mean length. */
export type LengthFactor = (random: Random) => number;

/** Every request has the mean length. */
export const FIXED_LENGTHS: LengthFactor = () => 1;

/** Mean of two exponentials: deviation 0.7 of the mean, a few requests three times as long. */
export const SPREAD_LENGTHS: LengthFactor = (random) =>
  (exponential(random) + exponential(random)) / 2;

/** Independent arrivals at the rate of the open window. */
export class PoissonStream implements RequestStream {
  readonly blocks = NO_BLOCKS;
  readonly blocksFrom = 0;
  readonly blocksUntil = 0;
  readonly blocksEpoch = 0;
  nextMs = Infinity;
  islTokens = 1;
  oslTokens = 1;
  readonly #random: Random;
  readonly #factor: LengthFactor;
  #untilMs = 0;
  #meanGapMs = Infinity;
  #meanIsl = 1;
  #meanOsl = 1;

  constructor(random: Random, factor: LengthFactor = SPREAD_LENGTHS) {
    this.#random = random;
    this.#factor = factor;
  }

  open(fromMs: number, untilMs: number, arrivals: Arrivals): void {
    const { requestsPerSecond, islTokens, oslTokens } = arrivals;
    this.#untilMs = untilMs;
    this.#meanGapMs = requestsPerSecond > 0
      ? 1000 / requestsPerSecond
      : Infinity;
    this.#meanIsl = islTokens;
    this.#meanOsl = oslTokens;
    // An exponential gap has no memory: it may begin anew with each window.
    this.nextMs = fromMs;
    this.advance();
  }

  advance(): void {
    if (this.#meanGapMs === Infinity) {
      this.nextMs = Infinity;
      return;
    }
    const next = this.nextMs + exponential(this.#random) * this.#meanGapMs;
    if (next >= this.#untilMs) {
      this.nextMs = Infinity;
      return;
    }
    this.nextMs = next;
    this.islTokens = this.#length(this.#meanIsl);
    this.oslTokens = this.#length(this.#meanOsl);
  }

  #length(mean: number): number {
    return Math.max(1, Math.round(mean * this.#factor(this.#random)));
  }
}
