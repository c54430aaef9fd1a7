/** What a fleet search answers: the best fleet and the ranked ones, or what forbids any. @module */

import type { LatencySource, Layout, PowerSource } from "../estimate_case.ts";
import type { PowerCurve } from "../data/power_curves.ts";
import type { CapChoice, Corrections } from "./question.ts";

/** One kind of worker of a fleet. */
export interface FleetSide {
  readonly replicas: number;
  readonly layout: Layout;
  readonly batchSize: number;
  /** Prompt tokens of a mixed step; undefined for workers of one kind. */
  readonly contextTokens: number | undefined;
  /** Cap of one GPU; undefined without caps. */
  readonly capWatts: number | undefined;
  /** The model's draw of one uncapped GPU, and what it is expected to draw under the cap. */
  readonly predictedWatts: number;
  readonly drawWatts: number;
  /** Clock under the cap relative to the uncapped one; undefined where the time at the cap was measured (R17). */
  readonly clock: number | undefined;
  /** Declared relative error of the latency under the cap; 0 where it does not bind. */
  readonly latencyError: number;
  /** Requests per second of one replica, corrected. */
  readonly requestsPerSecond: number;
  /** Corrected latencies; undefined where the side has none. */
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  readonly gpusPerReplica: number;
  readonly latencySource: LatencySource;
  readonly powerSource: PowerSource;
}

/** One fleet. */
export interface FleetCandidate {
  readonly mode: "disagg" | "agg" | "prefill" | "decode";
  readonly prefill: FleetSide | undefined;
  readonly decode: FleetSide | undefined;
  readonly workers: FleetSide | undefined;
  /** What the weakest side sustains, whatever is asked for. */
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  /** The part of it that the demand asks for. */
  readonly servedRequestsPerSecond: number;
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  readonly gpus: number;
  /** Σ caps × GPUs; without caps Σ own draw × GPUs. */
  readonly watts: number;
  /** Implied admission thresholds (R18), 0…1. */
  readonly thetaPrefill: number | undefined;
  readonly thetaDecode: number | undefined;
}

/** Why there is no fleet: the binding constraint, and by how much it is missed. */
export interface FleetInfeasible {
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

/** A layout that could not be searched, and why. */
export interface RefusedLayout {
  readonly side: "prefill" | "decode" | "agg";
  readonly layout: Layout;
  readonly code: string;
  readonly message: string;
}

/** Where the figures of an answer come from. */
export interface FleetProvenance {
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  /** Version of the tables, or `builtin`. */
  readonly dataVersion: string;
  readonly databaseMode: string;
  readonly corrections: Corrections;
  readonly caps: CapChoice["kind"];
  readonly curve: PowerCurve;
  readonly capRange: { readonly minWatts: number; readonly maxWatts: number };
  readonly refused: readonly RefusedLayout[];
}

/** The answer. */
export interface FleetResult {
  /** Best first, one for each pair of layouts; empty when infeasible. */
  readonly ranked: readonly FleetCandidate[];
  readonly best: FleetCandidate | undefined;
  readonly infeasible: FleetInfeasible | undefined;
  readonly stats: {
    /** Operating points looked at: layouts × batches × caps. */
    readonly candidates: number;
    readonly rows: number;
    readonly searchMs: number;
  };
  readonly provenance: FleetProvenance;
}
