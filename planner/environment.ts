/** Where a planner works: a fleet, a source, a clock, and what has to be closed at the end. @module */

import type { Fleet } from "./fleets/mod.ts";
import type { LoopClock } from "./loop/mod.ts";
import { realClock } from "../cluster/mod.ts";
import type { TrafficSource } from "./sources/mod.ts";

/** One environment, opened. */
export interface Environment extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly source: TrafficSource;
  readonly clock: LoopClock;
  /** What a person must know about it. */
  readonly notices: readonly string[];
}

/** The machine's clocks. */
export const realLoopClock: LoopClock = {
  ...realClock,
  wallMs: () => Date.now(),
};

/** The machine's clocks, so many times as fast; for simulated worlds. */
export function fastClock(speed: number): LoopClock {
  const startMs = Date.now();
  const now = () => realClock.now() * speed;
  const zero = now();
  return {
    now,
    wallMs: () => startMs + now() - zero,
    sleep: (milliseconds, signal) =>
      realClock.sleep(milliseconds / speed, signal),
  };
}
