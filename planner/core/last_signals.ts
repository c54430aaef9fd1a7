/** Signals that stay until a valid new one comes: cache hits and speculative decoding (P19). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { LiveSignals } from "./observation.ts";
import { scalingOf } from "./settings.ts";
import type { LastSignals } from "./state.ts";

/** The last valid values; tokens accepted a step are at least 1, and at most the drafted ones and one more. */
export function lastSignals(
  before: LastSignals,
  live: LiveSignals | undefined,
  config: PlannerConfig,
): LastSignals {
  const { draftTokens } = scalingOf(config);
  const hitRate = live?.kvHitRate;
  const accepted = live?.acceptLength;
  return {
    kvHitRate: hitRate !== undefined && hitRate >= 0 && hitRate <= 1
      ? hitRate
      : before.kvHitRate,
    acceptLength: draftTokens <= 0
      ? 1
      : accepted !== undefined && Number.isFinite(accepted)
      ? Math.min(draftTokens + 1, Math.max(1, accepted))
      : before.acceptLength,
  };
}
