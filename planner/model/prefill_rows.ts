/** Prefill workers by batch size (`aic-engine.md` §7.2, §7.5). @module */

import type { Estimator } from "../../optimizer-wasm/mod.ts";
import type { Row, Rows } from "./row.ts";

/** Correction of a prefill pass in disaggregated serving. */
export const PREFILL_LATENCY_FACTOR = 1.1;
/** Time to first token ÷ corrected prefill pass. */
export const TTFT_FACTOR = 1.8;
/** Share of the prefill rate that a fleet sustains. */
export const PREFILL_RATE_FACTOR = 0.9;

const BATCHES = [1, 2, 3, 4, 6, 8];

/** @param islTokens whole tokens, at least 1 @param oslTokens whole tokens; prefill workers hold none of them */
export function prefillRows(
  estimator: Estimator,
  { islTokens, oslTokens }: {
    readonly islTokens: number;
    readonly oslTokens: number;
  },
): Rows {
  const { dp, pp } = estimator.engineCase.layout;
  const rows: Row[] = [];
  for (const batchSize of BATCHES) {
    const memory = estimator.memory("static_ctx", {
      batchSize,
      isl: islTokens,
      osl: oslTokens,
    });
    if (!memory.fits) return { rows, refused: memory };
    const pass = estimator.prefill({ batchSize, isl: islTokens });
    const passMs = pass.latencyMs * PREFILL_LATENCY_FACTOR;
    rows.push({
      batchSize,
      requestsPerSecond: batchSize * dp * pp * 1000 / passMs *
        PREFILL_RATE_FACTOR,
      ttftMs: passMs * TTFT_FACTOR,
      itlMs: undefined,
      predictedWatts: pass.powerWatts,
      latencySource: pass.latencySource,
      powerSource: pass.powerSource,
    });
  }
  return { rows, refused: undefined };
}
