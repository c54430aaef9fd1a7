/** A token bucket: how many requests a client may send, whatever its callers want. @module */

import type { Clock } from "./clock.ts";

/** Requests a second over a longer time, and at once after a pause. */
export interface RateLimitBounds {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/** Hands out turns in the order they were asked for. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #bounds: RateLimitBounds;
  #tokens: number;
  #filledAtMs: number;

  constructor(clock: Clock, bounds: RateLimitBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#tokens = bounds.burst;
    this.#filledAtMs = clock.now();
  }

  /**
   * Takes the next turn.
   *
   * @param maxWaitMs how late it may come
   * @returns milliseconds to wait for it, 0 for at once; undefined when it would come later: then none is taken
   */
  take(maxWaitMs: number): number | undefined {
    const { requestsPerSecond, burst } = this.#bounds;
    const nowMs = this.#clock.now();
    const gained = (nowMs - this.#filledAtMs) / 1000 * requestsPerSecond;
    this.#tokens = Math.min(burst, this.#tokens + gained);
    this.#filledAtMs = nowMs;
    const waitMs = Math.max(0, (1 - this.#tokens) / requestsPerSecond * 1000);
    if (waitMs > maxWaitMs) return undefined;
    this.#tokens -= 1;
    return waitMs;
  }
}
