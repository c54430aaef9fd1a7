/** A small estimator with plain formulas, for the tests of the simulated engines. @module */

import type {
  EngineCase,
  Estimator,
  MemoryAnswer,
  PhaseAnswer,
} from "../../../optimizer-wasm/mod.ts";
import { BUILTIN_SYSTEMS } from "../../../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../../../service/mod.ts";

/** What the double is made from. */
export interface DoubleOptions {
  readonly system?: string;
  readonly tp?: number;
  readonly prefillWatts?: number;
  readonly decodeWatts?: number;
  /** Tokens of KV cache that fit. */
  readonly kvTokens?: number;
  /** Every question fails with this code. */
  readonly failsWith?: "not_measured";
}

/**
 * Prefill takes 20 ms + 0.1 ms a token, a decode step 10 ms + 0.1 ms a request. No question is answered with fewer than one
 * token.
 */
export function estimatorDouble(options: DoubleOptions = {}): Estimator {
  const { tp = 1, kvTokens = 400_000 } = options;
  const system = BUILTIN_SYSTEMS[options.system ?? "h200_sxm"];
  if (!system) throw new Error("no such system");
  const engineCase: EngineCase = {
    model: "double",
    system: system.name,
    backend: "vllm",
    layout: { tp, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
    databaseMode: "ROOFLINE",
  };
  const phase = (latencyMs: number, powerWatts: number): PhaseAnswer => {
    if (options.failsWith) {
      throw new WattkeeperError(options.failsWith, "Nothing is measured here.");
    }
    return {
      latencyMs,
      energyWms: 0,
      measuredShare: 0,
      beyondTables: false,
      powerWatts,
      powerLowWatts: powerWatts,
      powerHighWatts: powerWatts,
      powerShares: { measured: 0, borrowed: 0, modelled: 1, tdp: 0 },
      sums: {
        totalMs: latencyMs,
        clockMs: latencyMs,
        energyWms: latencyMs * powerWatts,
        clockEnergyWms: latencyMs * powerWatts,
      },
      latencySource: "roofline",
      powerSource: "modelled",
    };
  };
  const memory = (kvNeeded: number): MemoryAnswer => ({
    weightsBytes: 60e9,
    activationsBytes: 1e9,
    kvBytes: kvNeeded * 1e5,
    ncclBytes: 0,
    otherBytes: 3e9,
    totalBytes: 64e9 + kvNeeded * 1e5,
    kvBudgetBytes: kvTokens * 1e5,
    fits: kvNeeded <= kvTokens,
  });
  return {
    engineCase,
    system,
    gpusPerReplica: tp,
    dataVersion: "builtin",
    latencySource: "roofline",
    powerSource: "modelled",
    prefill: ({ batchSize, isl }) =>
      phase(20 + batchSize * isl * 0.1, options.prefillWatts ?? 600),
    decodeStep: ({ batchSize }) =>
      phase(10 + 0.1 * batchSize, options.decodeWatts ?? 300),
    agg: ({ batchSize, isl, osl }) => ({
      ttftMs: isl * 0.2,
      tpotMs: 12 + 0.2 * batchSize,
      requestMs: isl * 0.2 + osl * (12 + 0.2 * batchSize),
      tokensPerSecond: batchSize * 1000 / (12 + 0.2 * batchSize),
      powerWatts: 450,
      powerLowWatts: 450,
      powerHighWatts: 450,
      measuredWatts: 0,
    }),
    memory: (kind, { batchSize, isl, osl }) =>
      memory(batchSize * (kind === "static_ctx" ? isl + 1 : isl + osl)),
    staticRun: () => {
      throw new Error("The planner asks for phases.");
    },
    kvCapacityTokens: () => kvTokens,
  };
}
