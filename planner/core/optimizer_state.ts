/** What the optimizer remembers: its last configuration, failures, drift (R15, R16a, R19). @module */

import type { Coefficients, OperatingPoint } from "./capacity.ts";
import type { Replicas } from "./reason.ts";
import type { PerSide } from "./side.ts";

/** Why the optimizer is off for the rest of the run. */
export type DisabledReason =
  | "infeasible_at_startup"
  | "startup_exception"
  | "max_consecutive_failures";

/** What a search chose: caps, and how many replicas fit at them. */
export interface Plan {
  readonly atMs: number;
  /**
   * `own_draw`: caps of R10, which cost no speed; `lowered`: caps below the own draw because watts bind;
   * `efficiency`: caps with the most tokens per watt; `fixed`: the deployment's own.
   */
  readonly regime: "own_draw" | "lowered" | "efficiency" | "fixed";
  readonly caps: PerSide<number>;
  /** Most replicas of each side (R16a); absent with the compatible clamp. */
  readonly ceilings: Replicas | undefined;
  readonly points: PerSide<OperatingPoint>;
  /** What corrected those points. */
  readonly coefficients: Coefficients;
  /** Output tokens per second of the fleet at its ceilings: the predicted capacity of R15. */
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  readonly thetaPrefill: number | undefined;
  readonly thetaDecode: number | undefined;
  /** Every cap was searched, and no other choice serves more of this question. */
  readonly exhausted: boolean;
  /** What was asked: a plan for another question is searched again. */
  readonly question: PlanQuestion;
}

/** The part of the question that, when it changes, makes a plan old. */
export interface PlanQuestion {
  readonly islTokens: number;
  readonly oslTokens: number;
  readonly budgetWatts: number;
  /** Everything of the configuration that the search depends on, as one text. */
  readonly settings: string;
}

/** State of the optimizer. Totals are of this process. */
export interface OptimizerState {
  readonly disabled: DisabledReason | undefined;
  readonly consecutiveFailures: number;
  /** Last search that was tried, and last one that gave a plan. */
  readonly triedAtMs: number | undefined;
  /** Duration of the last search that gave a plan, by its own word. */
  readonly searchMs: number | undefined;
  readonly plan: Plan | undefined;
  /** Ticks in a row that drifted. */
  readonly driftTicks: number;
  /** The question whose answer was "not within these watts or GPUs", so that it is not asked every tick. */
  readonly refused: PlanQuestion | undefined;
  readonly searchesTotal: number;
  readonly failuresTotal: number;
  readonly exceptionsTotal: number;
  readonly regressionsTotal: number;
  /** R11, counted once a search: `aic_power_w_clamped_total{side}`. */
  readonly clampedPredictionsTotal: PerSide<number>;
}

export const FRESH_OPTIMIZER: OptimizerState = {
  disabled: undefined,
  consecutiveFailures: 0,
  triedAtMs: undefined,
  searchMs: undefined,
  plan: undefined,
  driftTicks: 0,
  refused: undefined,
  searchesTotal: 0,
  failuresTotal: 0,
  exceptionsTotal: 0,
  regressionsTotal: 0,
  clampedPredictionsTotal: {},
};
