/** How long things may take in the loop. @module */

/** How long things may take; milliseconds. */
export interface LoopTimes {
  /** A whole tick, observation included. */
  readonly tickMs: number;
  /** An answer to a write; then it counts as unanswered and its pod is left alone. */
  readonly stepPatienceMs: number;
  readonly stepCancelMs: number;
  readonly snapshotMs: number;
  /** Longest time between two looks at the fleet. */
  readonly lookMs: number;
  /** Shortest time between two looks, however often the fleet changes. */
  readonly restMs: number;
  /** Writes under way that a stop waits for. */
  readonly stopMs: number;
  /** Shortest time between two saves of the state. */
  readonly saveMs: number;
  /** A decision that takes longer is a fault of the search. */
  readonly searchMs: number;
}

/** The times of a planner in service. */
export const LOOP_TIMES: LoopTimes = {
  tickMs: 30_000,
  stepPatienceMs: 2_000,
  stepCancelMs: 30_000,
  snapshotMs: 10_000,
  lookMs: 1_000,
  restMs: 50,
  stopMs: 10_000,
  saveMs: 10_000,
  searchMs: 1_000,
};
