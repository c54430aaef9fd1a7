/** A row of the search asked of the tables at a lower power limit (R17). @module */

import { DEFAULT_STRIDE, type EngineEstimator } from "../engine_estimator.ts";
import { AGG, POWER, type Program } from "../host.ts";
import type { RowLimit } from "../program/search_host.ts";
import { STATUS } from "../program/wasm_exports.ts";
import {
  AIC_CORRECTIONS,
  type FleetQuery,
  type WorkerSide,
} from "./question.ts";

/** The row: batch, mixed step, and the shape of requests. */
export interface LimitedRow {
  readonly batch: number;
  readonly contextTokens?: number;
  readonly query: FleetQuery;
}

/** What the row takes and draws there; undefined where an operator was not measured. */
export function figuresAtLimit(
  estimator: EngineEstimator,
  side: WorkerSide,
  row: LimitedRow,
): Omit<RowLimit, "limitWatts"> | undefined {
  const { program, engineCase } = estimator;
  const { isl, osl, prefix = 0 } = row.query;
  const drafts = engineCase.nextn ?? 0;
  const none = { generationMs: 0, generationWatts: 0 };
  switch (side) {
    case "prefill": {
      if (program.prefill(row.batch, isl, prefix) !== STATUS.ok) return;
      const [milliseconds = 0] = program.output;
      program.powerSums("context", row.batch, isl, prefix, 1);
      return { ...none, milliseconds, watts: meanWatts(program) };
    }
    case "decode": {
      const requests = row.batch * (drafts + 1);
      const status = program.decodeAll(requests, isl, osl, DEFAULT_STRIDE);
      if (status !== STATUS.ok) return;
      const milliseconds = program.output[3] ?? 0;
      // The middle of the phase stands for its power, as in the module.
      const middle = isl + Math.floor(osl / 2);
      if (program.decode(requests, middle) !== STATUS.ok) return;
      program.powerSums("generation", requests, middle, 0, 1);
      return { ...none, milliseconds, watts: meanWatts(program) };
    }
    case "agg":
      return mixed(estimator, { ...row, drafts, prefix });
  }
}

function mixed(
  { program, engineCase, layers }: EngineEstimator,
  { batch, contextTokens = 0, query, drafts, prefix }: LimitedRow & {
    readonly drafts: number;
    readonly prefix: number;
  },
): Omit<RowLimit, "limitWatts"> | undefined {
  const { isl, osl, corrections = AIC_CORRECTIONS } = query;
  const isVllm = engineCase.backend === "vllm";
  const status = program.aggregated(
    ...[batch, contextTokens, isl, osl, prefix, drafts] as const,
    isVllm,
    isVllm ? corrections.vllmDispatchMsPerLayer * layers : 0,
  );
  if (status !== STATUS.ok) return;
  const at = (slot: keyof typeof AGG) => program.output[AGG[slot]] ?? 0;
  const milliseconds = at("mixedMs");
  const generationMs = at("generationMs");
  const alone = at("mixedDecodeRequests");
  const steps = at("generationSteps");
  program.mixedPowerSums(contextTokens, alone, isl, osl, prefix, drafts);
  const watts = meanWatts(program);
  if (steps > 0) program.generationPowerSums(batch, isl, osl, drafts);
  const generationWatts = steps > 0 ? meanWatts(program) : 0;
  return { milliseconds, watts, generationMs, generationWatts };
}

/** Mean draw of the sums made last, watts. */
function meanWatts({ output }: Program): number {
  const milliseconds = output[POWER.totalMs] ?? 0;
  return milliseconds > 0 ? (output[POWER.energyWms] ?? 0) / milliseconds : 0;
}
