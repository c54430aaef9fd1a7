/** The history that a planner starts with: empty, or warmed up from a trace (P20). @module */

import type { PlannerConfig } from "./config/mod.ts";
import {
  EMPTY_HISTORY,
  selectPredictor,
  type TrafficHistory,
  warmUp,
} from "./predict/mod.ts";
import { readTrace, textChunks } from "./sources/mod.ts";

/**
 * Reads `load_predictor_warmup_trace`, in windows of throughput scaling. Only with `optimization_target: sla`: the easy
 * modes predict nothing.
 *
 * @param usual lengths of a request before traffic says otherwise
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, `invalid_file`
 */
export async function warmHistory(
  config: PlannerConfig,
  { usual, signal }: {
    readonly usual: { readonly islTokens: number; readonly oslTokens: number };
    readonly signal: AbortSignal;
  },
): Promise<TrafficHistory> {
  const { predictorWarmupTrace: path, predictorSettings } = config;
  const predicts = (config.scaling?.target ?? "sla") === "sla";
  if (path === undefined || !predicts) return EMPTY_HISTORY;
  const trace = await readTrace({
    name: path,
    chunks: textChunks(path),
    windowSeconds: predictorSettings.windowSeconds,
    signal,
  });
  return warmUp(EMPTY_HISTORY, trace, {
    ...usual,
    predictor: selectPredictor(config.predictor, predictorSettings).predictor,
    windowSeconds: predictorSettings.windowSeconds,
  });
}
