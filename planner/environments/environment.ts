/** Where a planner works: a fleet, a source, a clock, and what has to be closed at the end. @module */

import { realClock } from "../../cluster/mod.ts";
import type { FrontendPods } from "../admission/mod.ts";
import type { Fleet, FleetCounts } from "../fleets/mod.ts";
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
  /** Frontends that take admission thresholds, and the model they serve; absent: thresholds are exported only. */
  readonly frontends?: { readonly pods: FrontendPods; readonly model: string };
  /** What the way to an API server has counted; absent: there is none. */
  readonly apiCounts?: () => FleetCounts;
}

/** The machine's clocks. */
export const realLoopClock: LoopClock = {
  ...realClock,
  wallMs: () => Date.now(),
};
