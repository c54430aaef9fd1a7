/** The question and the answer of an estimate (`SPEC.md` R52), as every caller of the model sees them. @module */

import type { PhaseSums } from "./power_curve.ts";
import type { ErrorCode } from "../service/portable.ts";

/** Graph families (`aic-engine.md` §6.1). */
export type ModelFamily = "LLAMA" | "MOE" | "GPT" | "DEEPSEEK" | "KIMIK25";

/** Database modes (`aic-engine.md` §5.12) and the built-in roofline (R54). */
export type DatabaseMode =
  | "SILICON"
  | "HYBRID"
  | "EMPIRICAL"
  | "SOL"
  | "ROOFLINE";

/** How many GPUs a replica spans and how. Dense models ignore the `moe` sizes. */
export interface Layout {
  readonly tp: number;
  readonly pp: number;
  /** Attention data parallel. */
  readonly dp: number;
  readonly moeTp: number;
  readonly moeEp: number;
  /** Context parallel (sglang only). */
  readonly cp: number;
}

/** Which engine: a model on a system, served by a backend, in one parallel layout. */
export interface EngineCase {
  readonly model: string;
  /** Graph to build; absent: the one that the model's architecture names. GPT has no architecture of its own (§6.1). */
  readonly family?: ModelFamily;
  readonly system: string;
  readonly backend: string;
  /** Absent: the default version of the data (`aic-engine.md` §1.2). */
  readonly backendVersion?: string;
  readonly layout: Layout;
  readonly databaseMode: DatabaseMode;
  readonly quant?: QuantOverride;
  readonly transferPolicy?:
    | "off"
    | "conservative"
    | "balanced"
    | "aggressive";
  /** Draft tokens of multi-token prediction; 0 without. */
  readonly nextn?: number;
}

/** Precision chosen by the user; what is left out is inferred from the model (`aic-engine.md` §6.2). */
export interface QuantOverride {
  readonly gemm?: string;
  readonly moe?: string;
  readonly kv?: string;
  readonly fmha?: string;
}

/** Where a latency comes from, in the words of R17. */
export type LatencySource =
  | "silicon"
  | "empirical"
  | "sol"
  | "mixed"
  | "roofline";
/** Where watts come from, in the words of R17. */
export type PowerSource = "measured" | "borrowed" | "modelled" | "tdp";

/** One phase: all prefill operators, or all decode steps. */
export interface PhaseAnswer {
  readonly latencyMs: number;
  /** Measured energy of the phase, watt-milliseconds; operators without measured power count 0 (§9). */
  readonly energyWms: number;
  /** Average draw of one GPU over the phase after gaps are filled (R53), watts. */
  readonly powerWatts: number;
  /** Ends of the interval around it: what measured, borrowed and modelled draws are known to be off by. */
  readonly powerLowWatts: number;
  readonly powerHighWatts: number;
  readonly latencySource: LatencySource;
  /** The source of most of the latency's watts. */
  readonly powerSource: PowerSource;
  /** Share of the latency whose operators have measured power, 0..1. */
  readonly measuredShare: number;
  /** The same of every source; they add up to 1. */
  readonly powerShares: Readonly<Record<PowerSource, number>>;
  /** What the phase is made of for any clock (`power_curve.ts`). */
  readonly sums: PhaseSums;
  /** Whether a look-up lay beyond what was measured and was carried on from the nearest rows. */
  readonly beyondTables: boolean;
}

/** A failure as a value; codes are those of `docs/errors.md`. */
export interface CaseError {
  readonly code: ErrorCode;
  readonly message: string;
}
