/** Why a decision is what it is: every step from observed to final, as data. @module */

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
    readonly boundBy: "watts" | "gpus";
    readonly forecastRequestsPerSecond: number;
    readonly capacityRequestsPerSecond: number;
  };
