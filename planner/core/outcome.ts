/** What each kind of scaling and the optimizer came to in one decision. @module */

import type { CoefficientName } from "./coefficient_watch.ts";
import type { Coefficients } from "./capacity.ts";
import type { DisabledReason, Plan } from "./optimizer_state.ts";
import type { PerSide } from "./side.ts";

/** Outcomes of throughput scaling; the metric's states (`reference-planner.md` §13). Append only. */
export const THROUGHPUT_DECISIONS = [
  "unset",
  "disabled",
  "no_traffic_data",
  "predict_failed",
  "model_not_ready",
  "set_lower_bound",
  "scale",
  "no_change",
  "gpu_budget_guard_hold",
  "gpu_budget_reconcile",
] as const;
export type ThroughputDecision = typeof THROUGHPUT_DECISIONS[number];

/** Outcomes of load scaling; the metric's states (`reference-planner.md` §13). Append only. */
export const LOAD_DECISIONS = [
  "unset",
  "disabled",
  "no_fpm_data",
  "scaling_in_progress",
  "worker_count_mismatch",
  "insufficient_data",
  "no_change",
  "scale_up",
  "scale_down",
  "scale_down_capped_by_throughput",
  "scale_down_refused_consolidation",
  "gpu_budget_guard_hold",
  "gpu_budget_reconcile",
] as const;
export type LoadDecision = typeof LOAD_DECISIONS[number];

/** What load scaling saw and did. */
export interface LoadOutcome {
  readonly decision: LoadDecision;
  /** Estimates of the engine with the most load, milliseconds; absent without a fit. */
  readonly estimatedTtftMs: number | undefined;
  readonly estimatedItlMs: number | undefined;
}

/** One update of a coefficient. */
export interface CoefficientUpdate {
  readonly coefficient: CoefficientName;
  readonly observed: number;
  /** The model's raw prediction of the applied configuration. */
  readonly predicted: number;
  readonly before: number;
  readonly after: number;
  /** The GPU stood at its cap: the observation may raise, never lower or confirm (R14a). */
  readonly censored: boolean;
}

/** Coefficients of one decision. */
export interface CoefficientOutcome {
  readonly before: Coefficients;
  readonly after: Coefficients;
  readonly updates: readonly CoefficientUpdate[];
  /** Coefficients at a limit, and since when. */
  readonly pegged: Readonly<Partial<Record<CoefficientName, number>>>;
  readonly peggedTotal: Readonly<Partial<Record<CoefficientName, number>>>;
  readonly censoredTicks: Readonly<Partial<Record<CoefficientName, number>>>;
}

/** What drifted in one window (R15). */
export type DriftTrigger = "ttft" | "itl" | "throughput";

/** Why a search was made. */
export type SearchTrigger =
  | "startup"
  | "budget"
  | "settings"
  | "drift"
  | "probe"
  | "demand_unmet"
  | "watts_free"
  | "shape";

/** Status of the optimizer after a decision. */
export interface OptimizerOutcome {
  /** `off`: not configured. */
  readonly status: "off" | "enabled" | "disabled";
  readonly disabledReason: DisabledReason | undefined;
  readonly consecutiveFailures: number;
  readonly maxConsecutiveFailures: number;
  /** Age of the last search, milliseconds; undefined before the first. */
  readonly lastSearchAgeMs: number | undefined;
  /** How long it took, by its own word. */
  readonly lastSearchMs: number | undefined;
  /** Why this decision searched; undefined: it did not. */
  readonly searched: SearchTrigger | undefined;
  readonly plan: Plan | undefined;
  readonly driftTicks: number;
  readonly driftTicksNeeded: number;
  /** What drifted in this window; undefined: not looked at. */
  readonly driftTriggers: readonly DriftTrigger[] | undefined;
  readonly searchesTotal: number;
  readonly failuresTotal: number;
  readonly exceptionsTotal: number;
  readonly regressionsTotal: number;
  readonly clampedPredictionsTotal: PerSide<number>;
}

/** Admission thresholds that belong to this decision (R18). Sending them is not the core's work. */
export interface AdmissionOutcome {
  readonly mode: "inherit" | "autoset";
  /** Implied by the configuration, 0…1. */
  readonly thetaPrefill: number | undefined;
  readonly thetaDecode: number | undefined;
  /** To be set: min(1, margin × θ). */
  readonly setThetaPrefill: number | undefined;
  readonly setThetaDecode: number | undefined;
  /** ⌈set θ_prefill × fewest batched tokens of a prefill worker⌉; undefined when no worker says its own. */
  readonly setPrefillTokens: number | undefined;
}
