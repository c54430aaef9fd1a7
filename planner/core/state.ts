/** What the planner remembers from one decision to the next: a plain value. @module */

import {
  EMPTY_HISTORY,
  type Forecast,
  type TrafficHistory,
} from "../predict/mod.ts";
import type { Coefficients } from "./capacity.ts";
import { type CoefficientWatch, FRESH_WATCH } from "./coefficient_watch.ts";
import { type LoadMemory, NO_LOAD_MEMORY } from "./load/mod.ts";
import { FRESH_OPTIMIZER, type OptimizerState } from "./optimizer_state.ts";
import type { PerSide } from "./side.ts";

/** The last target of one side. */
export interface LastTarget {
  readonly replicas: number;
  readonly capWatts: number | undefined;
  /** The model's raw word on the applied configuration: denominators of the coefficients (R14). */
  readonly rawWatts?: number | undefined;
  readonly rawTtftMs?: number | undefined;
  readonly rawItlMs?: number | undefined;
}

/** Signals of the past that outlive an idle window (P19). */
export interface LastSignals {
  /** Share of input tokens found in a cache, 0…1. */
  readonly kvHitRate: number | undefined;
  /** Tokens accepted a step, at least 1. */
  readonly acceptLength: number | undefined;
}

/** State of the planner; serialisable. Bounded: nothing in it grows with the number of decisions. */
export interface PlannerState {
  /** Decisions made so far. */
  readonly sequence: number;
  /** Time of the last decision, for clocks that jump; undefined before the first. */
  readonly nowMs: number | undefined;
  readonly history: TrafficHistory;
  /** The last forecast; ticks without traffic of their own go by its lengths. */
  readonly expected: Forecast | undefined;
  readonly signals: LastSignals;
  /** A rollout holds steps up since an earlier decision (P50: one word a rollout). */
  readonly rolloutHeld: boolean;
  /** Empty before the first decision. */
  readonly last: PerSide<LastTarget>;
  /** What was proposed last and may still wait: a rebalance's second leg, a side that rolls out (P46, P50). */
  readonly wanted: PerSide<number>;
  /** Replicas that throughput asks for at least while load scaling decides (P27). */
  readonly lowerBounds: PerSide<number>;
  readonly coefficients: Coefficients;
  readonly watch: CoefficientWatch;
  readonly optimizer: OptimizerState;
  readonly load: LoadMemory;
}

/** The state of a cold start. */
export function initialState(coefficients: Coefficients): PlannerState {
  return {
    sequence: 0,
    nowMs: undefined,
    history: EMPTY_HISTORY,
    expected: undefined,
    signals: { kvHitRate: undefined, acceptLength: undefined },
    rolloutHeld: false,
    last: {},
    wanted: {},
    lowerBounds: {},
    coefficients,
    watch: FRESH_WATCH,
    optimizer: FRESH_OPTIMIZER,
    load: NO_LOAD_MEMORY,
  };
}

/**
 * The state of a process that was started again: coefficients, predictor history and last targets stay, the optimizer
 * starts afresh (R19: only a restart enables it again), and so do counters, clocks and load samples.
 *
 * @param saved the state that the earlier process left
 */
export function resumedState(saved: PlannerState): PlannerState {
  return {
    ...initialState(saved.coefficients),
    sequence: saved.sequence,
    history: saved.history,
    expected: saved.expected,
    signals: saved.signals,
    last: saved.last,
  };
}
