/** The port to the performance model: what one replica can do under the latency targets, and at which watts. @module */

import type { PerSide, Side } from "./side.ts";

/** Coefficients that correct the model (R14); every gate uses max(1, c). */
export interface Coefficients {
  readonly powerPrefill: number;
  readonly powerDecode: number;
  readonly powerAgg: number;
  readonly ttft: number;
  readonly itl: number;
}

/** Which caps are asked for. */
export type CapQuestion =
  /** No cap at all: power awareness is off. */
  | { readonly kind: "none" }
  /** The cap of R10: it never costs speed by the model. */
  | { readonly kind: "own_draw" }
  /** The cap of R10 and a few lower ones, none below what R17 allows. */
  | { readonly kind: "ladder" }
  /** One given cap, watts per GPU. */
  | { readonly kind: "fixed"; readonly capWatts: number };

/** One question: a side, a request shape, the targets. */
export interface CapacityQuestion {
  readonly side: Side;
  readonly islTokens: number;
  readonly oslTokens: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly coefficients: Coefficients;
  readonly caps: CapQuestion;
}

/** What one replica does at one cap, meeting the targets. */
export interface OperatingPoint {
  /** Absent: no cap. */
  readonly capWatts: number | undefined;
  readonly batchSize: number;
  /** Sustained requests per second of one replica, rate factors applied. */
  readonly requestsPerSecond: number;
  /** Corrected time to first token; absent on the decode side. */
  readonly ttftMs: number | undefined;
  /** Corrected inter-token latency; absent on the prefill side. */
  readonly itlMs: number | undefined;
  /** The model's raw draw of one GPU, watts (denominator of the coefficient, R11). */
  readonly predictedWatts: number;
  /** Draw of one busy GPU at this cap, watts. */
  readonly drawWatts: number;
  readonly latencySource: string;
  readonly powerSource: string;
}

/** The model's answer. Points stand in the order of falling caps; there is at least one. */
export type CapacityAnswer =
  | {
    readonly kind: "points";
    readonly points: readonly [OperatingPoint, ...OperatingPoint[]];
  }
  | {
    readonly kind: "infeasible";
    readonly constraint: "ttft_ms" | "itl_ms" | "memory";
    readonly message: string;
    readonly needed: number;
    readonly available: number;
    readonly unit: "ms" | "bytes" | "tokens";
  }
  | {
    readonly kind: "no_answer";
    readonly code: string;
    readonly message: string;
  };

/** What the GPU takes as a cap, watts. */
export interface GpuWatts {
  readonly minWatts: number;
  readonly maxWatts: number;
  readonly tdpWatts: number;
}

/** R16, R16a: which fleet is best. Latencies and rates are corrected by the coefficients; every gate uses max(1, c). */
export interface FleetQuestion {
  readonly mode: "disagg" | "agg" | "prefill" | "decode";
  readonly islTokens: number;
  readonly oslTokens: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly coefficients: Coefficients;
  /** Requests per second worth serving, headroom included; undefined: unlimited (R16). */
  readonly demandRequestsPerSecond: number | undefined;
  /** Σ caps × GPUs must not pass this; undefined: power awareness is off. */
  readonly budgetWatts: number | undefined;
  readonly maxGpus: number | undefined;
  /** Fewest replicas of each side. */
  readonly floors: PerSide<number>;
  /** Most replicas of each side (R16a); a side that is absent has no ceiling. */
  readonly ceilings: PerSide<number>;
  /** `free`: any cap that R17 allows; `own_draw`: the cap of R10; otherwise fixed watts per GPU by side. */
  readonly caps:
    | { readonly kind: "free" }
    | { readonly kind: "own_draw" }
    | { readonly kind: "none" }
    | { readonly kind: "fixed"; readonly watts: PerSide<number> };
  readonly objective: "throughput" | "efficiency";
  /** Upper limits of the implied admission thresholds (R18). */
  readonly maxThetaPrefill: number | undefined;
  readonly maxThetaDecode: number | undefined;
}

/** One fleet. */
export interface FleetChoice {
  readonly sides: PerSide<
    { readonly replicas: number; readonly point: OperatingPoint }
  >;
  /** What it sustains: the weakest side, requests per second. */
  readonly requestsPerSecond: number;
  /** The same in output tokens per second; not limited by demand. */
  readonly tokensPerSecond: number;
  readonly gpus: number;
  /** Σ caps × GPUs; Σ own draw × GPUs without caps. */
  readonly watts: number;
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  /** Implied admission thresholds (R18), 0…1. */
  readonly thetaPrefill: number | undefined;
  readonly thetaDecode: number | undefined;
}

/** The true optimum of the candidate set, or what forbids any. */
export type FleetAnswer =
  | {
    readonly kind: "fleet";
    readonly best: FleetChoice;
    readonly candidates: number;
    readonly searchMs: number;
  }
  | {
    readonly kind: "infeasible";
    readonly constraint:
      | "ttft_ms"
      | "itl_ms"
      | "memory"
      | "watts"
      | "gpus"
      | "admission";
    readonly message: string;
    readonly needed: number;
    readonly available: number;
    readonly unit: "ms" | "bytes" | "watts" | "gpus" | "share";
  }
  | {
    readonly kind: "no_answer";
    readonly code: string;
    readonly message: string;
  };

/** The performance model as the core sees it. Pure: equal questions have equal answers. */
export interface CapacityModel {
  readonly gpusPerReplica: PerSide<number>;
  /** Input and output tokens of a request before traffic says otherwise. */
  readonly usualIslTokens: number;
  readonly usualOslTokens: number;
  readonly gpu: GpuWatts;
  /** What one replica does. */
  answer(question: CapacityQuestion): CapacityAnswer;
  /** Which fleet is best (R16). */
  searchFleet(question: FleetQuestion): FleetAnswer;
}
