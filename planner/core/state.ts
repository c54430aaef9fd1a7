/** What the planner remembers from one decision to the next: a plain value. @module */

import { EMPTY_HISTORY, type TrafficHistory } from "../predict/mod.ts";
import type { Coefficients } from "./capacity.ts";
import type { PerSide } from "./side.ts";

/** The last target of one side. */
export interface LastTarget {
  readonly replicas: number;
  readonly capWatts: number | undefined;
}

/** State of the planner; serialisable. */
export interface PlannerState {
  /** Decisions made so far. */
  readonly sequence: number;
  readonly history: TrafficHistory;
  /** Empty before the first decision. */
  readonly last: PerSide<LastTarget>;
  readonly coefficients: Coefficients;
}

/** The state of a cold start. */
export function initialState(coefficients: Coefficients): PlannerState {
  return { sequence: 0, history: EMPTY_HISTORY, last: {}, coefficients };
}
