/** Where a planner works: a fleet, a source, a clock, and what has to be closed at the end. @module */

import { realClock } from "../../cluster/mod.ts";
import type { Fleet } from "../fleets/mod.ts";
import type { Listener, LoopClock } from "../loop/mod.ts";
import type { TrafficSource } from "../sources/mod.ts";

/** One environment, opened. */
export interface Environment extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly source: TrafficSource;
  readonly clock: LoopClock;
  /** What a person must know about it. */
  readonly notices: readonly string[];
  /** Told what the loop does. */
  readonly listener?: Listener;
  /** Answers requests on the planner's port that are for the fleet; undefined: not for it. */
  readonly handle?: (request: Request) => Promise<Response | undefined>;
}

/** The machine's clocks. */
export const realLoopClock: LoopClock = {
  ...realClock,
  wallMs: () => Date.now(),
};
