/** How long to wait before trying again: growing, bounded, and different on every node. @module */

import type { Random } from "./clock.ts";

/** Bounds of a {@linkcode Backoff}, milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
  /** The longest `Retry-After` that is honoured. */
  readonly maxRetryAfterMs: number;
}

/** Half a second to 15 s; a server may ask for up to a minute. */
export const API_BACKOFF: BackoffBounds = {
  firstMs: 500,
  maxMs: 15_000,
  maxRetryAfterMs: 60_000,
};

/** Doubling delays with jitter of half: a thousand agents must not come back in step after an API restart. */
export class Backoff {
  readonly #random: Random;
  readonly #bounds: BackoffBounds;
  #failures = 0;

  constructor(random: Random, bounds: BackoffBounds = API_BACKOFF) {
    this.#random = random;
    this.#bounds = bounds;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Counts a failure.
   *
   * @param retryAfterMs what the server asked for
   * @returns milliseconds to wait: 50–100 % of the doubled delay, and not less than the server asked for
   */
  next(retryAfterMs = 0): number {
    const { firstMs, maxMs, maxRetryAfterMs } = this.#bounds;
    const delayMs = Math.min(maxMs, firstMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 30);
    const jittered = delayMs * (0.5 + this.#random() / 2);
    const asked = Math.min(retryAfterMs, maxRetryAfterMs);
    return Math.max(jittered, asked * (1 + this.#random() / 10));
  }

  /** Something worked: start small next time. */
  reset(): void {
    this.#failures = 0;
  }
}
