/** Why a decision is what it is: every step from observed to final, as data. @module */

import type { CoefficientName } from "./coefficient_watch.ts";
import type { DisabledReason } from "./optimizer_state.ts";
import type { SourceProblem } from "./observation.ts";
import type { DriftTrigger, SearchTrigger } from "./outcome.ts";
import type { PerSide, Side } from "./side.ts";

/** Replicas by side. */
export type Replicas = PerSide<number>;

/** One reason of a decision. `watts` fields are caps × GPUs of all replicas. */
export type Reason =
  /** A value of the observation is not physical and was ignored. */
  | {
    readonly kind: "observation_rejected";
    readonly field: string;
    readonly found: number;
  }
  /** Demand is unknown: the last targets stay, within the budget. */
  | { readonly kind: "no_traffic_data" }
  /** No request is expected: every side goes to its floor. */
  | { readonly kind: "idle" }
  /** The floor is above what demand needs. */
  | {
    readonly kind: "floor_raised";
    readonly side: Side;
    readonly needed: number;
    readonly floor: number;
  }
  /** The model has no answer for this side: its last target stays. */
  | {
    readonly kind: "model_not_ready";
    readonly side: Side;
    readonly code: string;
    readonly message: string;
  }
  /** No batch meets the latency target on this side. */
  | {
    readonly kind: "infeasible";
    readonly side: Side;
    readonly constraint: "ttft_ms" | "itl_ms" | "memory";
    readonly message: string;
    readonly needed: number;
    readonly available: number;
    readonly unit: "ms" | "bytes" | "tokens";
  }
  /** R11: the model's watts are not physical, or there are none; TDP was used for the cap. */
  | {
    readonly kind: "prediction_replaced";
    readonly side: Side;
    readonly predictedWatts: number;
    readonly usedWatts: number;
  }
  /** The GPU budget reduced the target. */
  | {
    readonly kind: "gpu_budget";
    readonly from: Replicas;
    readonly to: Replicas;
    readonly limitGpus: number;
    readonly overGpus: number;
  }
  /** The lower bound of the GPU budget raised the target. */
  | {
    readonly kind: "gpu_floor";
    readonly from: Replicas;
    readonly to: Replicas;
    readonly minGpus: number;
  }
  /** The lower bound of the GPU budget gave way to the watts (P51). */
  | {
    readonly kind: "gpu_floor_yields";
    readonly minGpus: number;
    readonly gpus: number;
  }
  /** The watts reduced replicas or caps. */
  | {
    readonly kind: "power_budget";
    readonly method: "compatible" | "exact";
    readonly from: Replicas;
    readonly to: Replicas;
    readonly askedWatts: number;
    readonly budgetWatts: number;
    readonly overWatts: number;
  }
  /** A cap below the side's own draw was chosen, at a price in latency (R17). */
  | {
    readonly kind: "cap_lowered";
    readonly side: Side;
    readonly fromWatts: number;
    readonly toWatts: number;
  }
  /** R12, below the floor: the floors do not fit the watts at the caps in force. */
  | {
    readonly kind: "below_floor";
    readonly policy: "shed" | "hold_floor";
    readonly floorWatts: number;
    readonly lowestFloorWatts: number;
    readonly budgetWatts: number;
  }
  /** Caps went to the lowest that the GPU takes, so that the floors fit. */
  | {
    readonly kind: "caps_to_lowest";
    readonly side: Side;
    readonly capWatts: number;
  }
  /** `hold_floor` keeps the floor over the budget. CRITICAL. */
  | { readonly kind: "over_budget"; readonly overBudgetWatts: number }
  /** Less than the forecast is served. */
  | {
    readonly kind: "demand_not_met";
    readonly boundBy: "watts" | "gpus" | "waiting" | "change_limit" | "model";
    readonly forecastRequestsPerSecond: number;
    readonly capacityRequestsPerSecond: number;
  }
  /** A source could not say something (R19 row 15). */
  | {
    readonly kind: "source_problem";
    readonly problem: SourceProblem["kind"];
    readonly what: string;
    readonly message: string;
  }
  /** The predictor failed: the last targets stay (P21). */
  | {
    readonly kind: "predict_failed";
    readonly predictor: string;
    readonly message: string;
  }
  /** Nothing fresh was seen of latencies and power: the coefficients are held (R19 row 15). */
  | { readonly kind: "coefficients_held" }
  /** The clock went back; ages start again from now. */
  | {
    readonly kind: "clock_went_back";
    readonly fromMs: number;
    readonly toMs: number;
  }
  /** A throughput decision changes a side by no more than this (P26). */
  | {
    readonly kind: "change_limited";
    readonly side: Side;
    readonly from: number;
    readonly asked: number;
    readonly to: number;
    readonly limit: number;
  }
  /** The last search allows no more replicas of this side at its caps (R16a). */
  | {
    readonly kind: "ceiling";
    readonly side: Side;
    readonly needed: number;
    readonly ceiling: number;
  }
  /** Throughput scaling sets a lower bound while load scaling decides (P27). */
  | { readonly kind: "lower_bounds"; readonly bounds: Replicas }
  /** Load scaling asks for one replica more or less. */
  | {
    readonly kind: "load_scaled";
    readonly side: Side;
    readonly from: number;
    readonly to: number;
  }
  /** The survivors of a step down could not carry the load (P31, P32). */
  | { readonly kind: "consolidation_refused"; readonly side: Side }
  /** A step down ends at the lower bound of throughput scaling. */
  | {
    readonly kind: "down_capped_by_throughput";
    readonly side: Side;
    readonly asked: number;
    readonly bound: number;
  }
  /** Replicas in start-up are not needed any more (P36). */
  | {
    readonly kind: "startup_cancelled";
    readonly side: Side;
    readonly startingReplicas: number;
    readonly from: number;
    readonly to: number;
  }
  /** The band of GPUs allows no step in the direction asked for (P41). */
  | {
    readonly kind: "gpu_guard_hold";
    readonly current: Replicas;
    readonly asked: Replicas;
  }
  /** The present replicas are outside the band of GPUs and are brought into it (P41). */
  | {
    readonly kind: "gpu_reconcile";
    readonly from: Replicas;
    readonly to: Replicas;
  }
  /** A side that rolls out does not grow; what is waited for (P50). */
  | {
    readonly kind: "rollout_hold";
    readonly side: Side;
    readonly wanted: number;
    readonly held: number | undefined;
    /** The hold began with this decision; said once a rollout. */
    readonly began: boolean;
  }
  /** A rebalance whose parallel peak would pass the budget: the side that shrinks goes first (P46). */
  | {
    readonly kind: "rebalance_staged";
    readonly grows: Side;
    readonly wanted: number;
    readonly held: number;
    readonly shrinks: Side;
    readonly peakWatts: number;
    readonly budgetWatts: number;
  }
  /** A step that an earlier decision asked for, and that had to wait, is made now (P50). */
  | {
    readonly kind: "waiting_step";
    readonly side: Side;
    readonly from: number | undefined;
    readonly to: number;
    readonly wanted: number;
  }
  /** The other side leaves no watts for this one to grow (P48). */
  | {
    readonly kind: "scale_up_suppressed";
    readonly side: Side;
    readonly wanted: number;
    readonly to: number;
    readonly peerWatts: number;
    readonly missingWatts: number;
  }
  /** The deployment owns its caps and none was read: the GPUs are charged this much. */
  | {
    readonly kind: "authored_cap_unknown";
    readonly side: Side;
    readonly chargedWatts: number;
  }
  /** The optimizer searched and found a configuration (R16). */
  | {
    readonly kind: "optimized";
    readonly trigger: SearchTrigger;
    readonly regime: "own_draw" | "lowered" | "efficiency" | "fixed";
    readonly caps: PerSide<number>;
    readonly ceilings: Replicas | undefined;
    readonly tokensPerSecond: number;
  }
  /** The search took so long that ticks may be late; its answer is used (R19). */
  | {
    readonly kind: "search_slow";
    readonly searchMs: number;
    readonly limitMs: number;
  }
  /** The search found nothing feasible: the last configuration stays (R19 rows 1, 2). */
  | {
    readonly kind: "search_infeasible";
    readonly trigger: SearchTrigger;
    readonly constraint: string;
    readonly message: string;
    readonly needed: number;
    readonly available: number;
    readonly unit: string;
    readonly consecutiveFailures: number;
    readonly maxConsecutiveFailures: number;
  }
  /** The search threw, gave no answer, or broke its word: the last configuration stays (R19 rows 3, 4). */
  | {
    readonly kind: "search_failed";
    readonly trigger: SearchTrigger;
    readonly code: string;
    readonly message: string;
    readonly stack: string | undefined;
    readonly consecutiveFailures: number;
    readonly maxConsecutiveFailures: number;
  }
  /** The optimizer is off for the rest of this run (R19). Said once. */
  | { readonly kind: "optimizer_disabled"; readonly because: DisabledReason }
  /** The new configuration predicts less throughput than the last one; it is applied (R19 row 5). */
  | {
    readonly kind: "throughput_regression";
    readonly fromTokensPerSecond: number;
    readonly toTokensPerSecond: number;
  }
  /** Latencies or throughput left what the model said (R15). */
  | {
    readonly kind: "drift";
    readonly triggers: readonly DriftTrigger[];
    readonly ticks: number;
    readonly ticksNeeded: number;
  }
  /** A coefficient stands at its limit for more than five minutes (R19 row 6). CRITICAL, once an episode. */
  | {
    readonly kind: "coefficient_pegged";
    readonly coefficient: CoefficientName;
    readonly value: number;
    readonly sinceMs: number;
  }
  /** The caps hide the demand of these GPUs: the coefficient is raised to see it (R14a). */
  | {
    readonly kind: "coefficient_probed";
    readonly coefficient: CoefficientName;
    readonly from: number;
    readonly to: number;
  }
  /** No prefill worker says how many tokens it batches: the absolute threshold is left out (R18). CRITICAL. */
  | { readonly kind: "batched_tokens_unknown" };
