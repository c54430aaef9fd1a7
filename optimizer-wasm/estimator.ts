/** The door to the model: one engine case opened once, asked many times. @module */

import type {
  EngineCase,
  LatencySource,
  PhaseAnswer,
  PowerSource,
} from "./estimate_case.ts";
import type { SystemSpec } from "./data/system_spec.ts";

/** A static run: one batch through prefill, then `osl - 1` decode steps (`aic-engine.md` §7.2). */
export interface StaticQuery {
  readonly batchSize: number;
  /** Input sequence length, tokens. */
  readonly isl: number;
  /** Output sequence length, tokens; 1 or less has no decode phase. */
  readonly osl: number;
  /** Cached tokens at the start of the input, fewer than `isl`. */
  readonly prefix?: number;
  /** Decode steps that share one evaluation; 32 as upstream's sweeps. */
  readonly stride?: number;
}

/** Answer of a static run. */
export interface StaticAnswer {
  readonly context: PhaseAnswer;
  readonly generation: PhaseAnswer;
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly memoryBytes: number;
}

/** What one replica holds in memory, bytes per GPU (`aic-engine.md` §8). */
export interface MemoryAnswer {
  readonly weightsBytes: number;
  readonly activationsBytes: number;
  readonly kvBytes: number;
  readonly ncclBytes: number;
  readonly otherBytes: number;
  readonly totalBytes: number;
  /** What the backend leaves for the KV cache. */
  readonly kvBudgetBytes: number;
  /** The total is below the capacity of the GPU and the KV cache within its budget. */
  readonly fits: boolean;
}

/** Which worker the memory is asked for. */
export type WorkerKind = "static" | "static_ctx" | "static_gen" | "agg";

/** An agg question (`aic-engine.md` §7.4): batch and context tokens of the mixed steps. */
export interface AggQuery {
  readonly batchSize: number;
  readonly contextTokens: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix?: number;
}

/** Answer of an agg question; tokens/s of one replica. */
export interface AggAnswer {
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly requestMs: number;
  readonly tokensPerSecond: number;
  /** Average draw of one GPU over all steps after gaps are filled (R53), and the ends of its interval, watts. */
  readonly powerWatts: number;
  readonly powerLowWatts: number;
  readonly powerHighWatts: number;
  /** Measured energy over all latency (`aic-engine.md` §9): operators without measured power count 0. */
  readonly measuredWatts: number;
}

/** One opened engine case. Methods throw `WattkeeperError` with the codes of `docs/errors.md`. */
export interface Estimator {
  readonly engineCase: EngineCase;
  readonly system: SystemSpec;
  /** GPUs that one replica occupies. */
  readonly gpusPerReplica: number;
  /** Version of the data that answers, or `builtin` for the roofline. */
  readonly dataVersion: string;
  readonly latencySource: LatencySource;
  readonly powerSource: PowerSource;
  staticRun(query: StaticQuery): StaticAnswer;
  /** One prefill pass over `batchSize` requests. */
  prefill(
    query: {
      readonly batchSize: number;
      readonly isl: number;
      readonly prefix?: number;
    },
  ): PhaseAnswer;
  /** One decode step of `batchSize` requests whose KV caches hold `kvLength` tokens each. */
  decodeStep(
    query: { readonly batchSize: number; readonly kvLength: number },
  ): PhaseAnswer;
  agg(query: AggQuery): AggAnswer;
  memory(
    kind: WorkerKind,
    query: StaticQuery & { readonly contextTokens?: number },
  ): MemoryAnswer;
  /** Tokens of KV cache that one replica can hold (per attention-DP rank), `aic-engine.md` §8. */
  kvCapacityTokens(
    query: { readonly maxBatchedTokens: number; readonly isl: number },
  ): number;
}
