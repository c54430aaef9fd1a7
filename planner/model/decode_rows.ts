/** Decode workers by batch size (`aic-engine.md` §7.2, §7.5). @module */

import type { Estimator } from "../../optimizer-wasm/mod.ts";
import type { Row, Rows } from "./row.ts";

/** Correction of decode steps in disaggregated serving. */
export const DECODE_LATENCY_FACTOR = 1.08;
/** Share of the decode rate that a fleet sustains. */
export const DECODE_RATE_FACTOR = 0.92;

/** Decode steps that share one evaluation, and the most evaluations of one phase. */
const STRIDE = 32;
const MOST_EVALUATIONS = 64;

/** Batch sizes of `aic-engine.md` §11.4. */
export const DECODE_BATCHES: readonly number[] = [
  ...range(1, 15, 1),
  ...range(16, 30, 2),
  ...range(32, 124, 4),
  ...range(128, 504, 8),
  512,
];

/** Rows up to the first batch that memory refuses or that is far beyond `itlMs`. */
export function decodeRows(
  estimator: Estimator,
  { islTokens, oslTokens, itlMs }: {
    readonly islTokens: number;
    readonly oslTokens: number;
    readonly itlMs: number;
  },
): Rows {
  const { dp, pp } = estimator.engineCase.layout;
  const osl = Math.max(2, oslTokens);
  const rows: Row[] = [];
  for (const batchSize of DECODE_BATCHES) {
    const memory = estimator.memory("static_gen", {
      batchSize,
      isl: islTokens,
      osl,
    });
    if (!memory.fits) return { rows, refused: memory };
    const phase = decodePhase(estimator, { batchSize, islTokens, osl });
    const phaseMs = phase.latencyMs * DECODE_LATENCY_FACTOR;
    const row: Row = {
      batchSize,
      requestsPerSecond: batchSize * dp * pp * 1000 / phaseMs *
        DECODE_RATE_FACTOR,
      ttftMs: undefined,
      itlMs: phaseMs / (osl - 1),
      predictedWatts: phase.powerWatts,
      latencySource: phase.latencySource,
      powerSource: phase.powerSource,
    };
    rows.push(row);
    // Tables are not monotonic to the last step; a third above the target nothing comes back.
    if (phaseMs / (osl - 1) > itlMs * 1.33) break;
  }
  return { rows, refused: undefined };
}

/** All decode steps of one request: latency summed, watts averaged over the time. */
function decodePhase(
  estimator: Estimator,
  { batchSize, islTokens, osl }: {
    readonly batchSize: number;
    readonly islTokens: number;
    readonly osl: number;
  },
) {
  const steps = osl - 1;
  const stride = Math.max(STRIDE, Math.ceil(steps / MOST_EVALUATIONS));
  let latencyMs = 0;
  let energy = 0;
  let first: ReturnType<Estimator["decodeStep"]> | undefined;
  for (let step = 0; step < steps; step += stride) {
    const answer = estimator.decodeStep({
      batchSize,
      kvLength: islTokens + step + 1,
    });
    first ??= answer;
    const repeats = Math.min(stride, steps - step);
    latencyMs += answer.latencyMs * repeats;
    energy += answer.latencyMs * repeats * answer.powerWatts;
  }
  return {
    latencyMs,
    powerWatts: latencyMs > 0 ? energy / latencyMs : 0,
    latencySource: first?.latencySource ?? "sol",
    powerSource: first?.powerSource ?? "tdp",
  };
}

function range(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: Math.floor((to - from) / step) + 1 },
    (_, index) => from + index * step,
  );
}
