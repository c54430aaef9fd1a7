/** An engine whose formulas fit on one line, for the tests of the world. @module */

import type { EngineTruth, WorldOptions } from "../../../simulator/mod.ts";

/** Prefill 0.1 ms a token at 600 W; a decode step 10 ms + 0.1 ms a request at 400 W; half of any shortage of watts is lost. */
export const PLAIN_TRUTH: EngineTruth = {
  prefill: (islTokens) => ({ milliseconds: islTokens * 0.1, watts: 600 }),
  decodeStep: (batchSize) => ({
    milliseconds: 10 + 0.1 * batchSize,
    watts: 400,
  }),
  slowdown: (limitWatts, wantedWatts) =>
    limitWatts >= wantedWatts ? 1 : (1 + wantedWatts / limitWatts) / 2,
  mostRequests: () => 64,
  kvCapacityTokens: 200_000,
  idleWatts: 110,
};

/** Two nodes of four H200s, one replica of each side, quick to start. */
export function worldOptions(change: Partial<WorldOptions> = {}): WorldOptions {
  return {
    seed: 7,
    nodes: ["n1", "n2"].map((name) => ({
      name,
      gpus: 4,
      model: "H200",
      minWatts: 200,
      maxWatts: 700,
      defaultWatts: 700,
      safeDefaultWatts: 490,
      prearm: false,
    })),
    gpusPerReplica: { prefill: 1, decode: 1 },
    replicas: { prefill: 1, decode: 1 },
    gated: true,
    truth: PLAIN_TRUTH,
    traffic: () => ({ requestsPerSecond: 2, islTokens: 1_000, oslTokens: 101 }),
    delays: { loadMs: 10_000, graceMs: 5_000 },
    ...change,
  };
}
