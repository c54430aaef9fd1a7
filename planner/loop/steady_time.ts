/** The loop's time: milliseconds since 1970 that never go back, whatever the wall clock does. @module */

import type { LoopClock } from "./ports.ts";

/** A wall clock that moved by itself. */
export interface ClockJump {
  /** Seconds; positive: forward. */
  readonly seconds: number;
}

/** Smaller differences are drift between the two clocks. */
const JUMP_MS = 1000;

/**
 * Wall time at the start plus monotonic time since. Intervals and deadlines are immune to a clock that jumps; after a
 * restart with a wall clock that went back, time goes on from where it was saved.
 */
export class SteadyTime {
  readonly #clock: LoopClock;
  readonly #anchorMs: number;
  #offsetMs: number;

  constructor(clock: LoopClock, notBeforeMs = 0) {
    this.#clock = clock;
    this.#anchorMs = Math.max(clock.wallMs(), notBeforeMs) - clock.now();
    this.#offsetMs = clock.wallMs() - clock.now();
  }

  /** Milliseconds since 1970, never less than before. */
  now(): number {
    return this.#anchorMs + this.#clock.now();
  }

  /** The jump of the wall clock since the last call, or undefined. */
  jump(): ClockJump | undefined {
    const offsetMs = this.#clock.wallMs() - this.#clock.now();
    const moved = offsetMs - this.#offsetMs;
    this.#offsetMs = offsetMs;
    return Math.abs(moved) >= JUMP_MS ? { seconds: moved / 1000 } : undefined;
  }
}
