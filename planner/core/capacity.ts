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

/** The performance model as the core sees it. Pure: equal questions have equal answers. */
export interface CapacityModel {
  readonly gpusPerReplica: PerSide<number>;
  /** Input and output tokens of a request before traffic says otherwise. */
  readonly usualIslTokens: number;
  readonly usualOslTokens: number;
  readonly gpu: GpuWatts;
  answer(question: CapacityQuestion): CapacityAnswer;
}
