/** Aggregated workers by batch size and context tokens (`aic-engine.md` §7.4, §11.3). @module */

import type { Estimator } from "../../optimizer-wasm/mod.ts";
import type { Row, Rows } from "./row.ts";

/** Batch sizes of `aic-engine.md` §11.3, every second of the large ones. */
const BATCHES = [
  1,
  2,
  3,
  4,
  6,
  8,
  10,
  12,
  15,
  16,
  20,
  24,
  28,
  32,
  40,
  48,
  56,
  64,
  80,
  96,
  112,
  128,
  160,
  192,
  224,
  256,
  320,
  384,
  448,
  512,
];

/** Rows of every batch with one and with two prompts of context tokens a step. */
export function aggRows(
  estimator: Estimator,
  { islTokens, oslTokens }: {
    readonly islTokens: number;
    readonly oslTokens: number;
  },
): Rows {
  const osl = Math.max(2, oslTokens);
  const rows: Row[] = [];
  let refused: Rows["refused"];
  for (const batchSize of BATCHES) {
    for (const prompts of [1, 2]) {
      if (batchSize > 1 ? batchSize - prompts < 1 : prompts > 1) continue;
      const query = {
        batchSize,
        contextTokens: islTokens * prompts,
        isl: islTokens,
        osl,
      };
      const memory = estimator.memory("agg", query);
      if (!memory.fits) {
        if (prompts === 1) return { rows, refused: memory };
        refused = memory;
        continue;
      }
      const answer = estimator.agg(query);
      rows.push({
        batchSize,
        requestsPerSecond: answer.tokensPerSecond / (osl - 1),
        ttftMs: answer.ttftMs,
        itlMs: answer.tpotMs,
        predictedWatts: answer.powerWatts,
        latencySource: estimator.latencySource,
        powerSource: estimator.powerSource,
      });
    }
  }
  return { rows, refused };
}
