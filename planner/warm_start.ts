/** The history of a cold start, from `load_predictor_warmup_trace` (P20). @module */

import { logger } from "../service/mod.ts";
import type { PlannerConfig } from "./config/mod.ts";
import type { CapacityModel } from "./core/mod.ts";
import {
  EMPTY_HISTORY,
  selectPredictor,
  type TrafficHistory,
  warmUp,
} from "./predict/mod.ts";
import { badLineText, readTrace, textChunks } from "./sources/mod.ts";

/**
 * Reads the trace.
 *
 * @returns undefined without a trace
 * @throws {WattkeeperError} `file_not_found`, `file_unreadable`, `invalid_file`
 */
export async function warmStart(
  config: PlannerConfig,
  model: CapacityModel,
  signal: AbortSignal,
): Promise<TrafficHistory | undefined> {
  const path = config.predictorWarmupTrace;
  if (path === undefined) return undefined;
  const log = logger("planner");
  const windowSeconds = config.throughputScaling
    ? config.throughputIntervalSeconds
    : config.loadIntervalSeconds;
  const trace = await readTrace({
    name: path,
    chunks: textChunks(path),
    windowSeconds,
    signal,
  });
  if (trace.badLines > 0) {
    log.warn(
      `${trace.badLines} lines of "${path}" hold no request and were left out: ${
        badLineText(trace.badExamples)
      }.`,
    );
  }
  const history = warmUp(EMPTY_HISTORY, trace, {
    islTokens: model.usualIslTokens,
    oslTokens: model.usualOslTokens,
    predictor:
      selectPredictor(config.predictor, config.predictorSettings).predictor,
    windowSeconds,
  });
  log.info(
    `${history.requestsPerSecond.length} windows of "${path}" warm the predictor.`,
  );
  return history;
}
