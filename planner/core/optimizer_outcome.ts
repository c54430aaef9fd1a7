/** Status of the optimizer as a decision carries it. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { LoopResult } from "./closed_loop.ts";
import type { OptimizerOutcome } from "./outcome.ts";

/** Status after the loop. */
export function optimizerOutcome(
  { optimizer, searched, driftTriggers }: LoopResult,
  config: PlannerConfig,
  nowMs: number,
): OptimizerOutcome {
  const { maxConsecutiveFailures, driftConsecutiveTicks, enabled } =
    config.optimizer;
  return {
    status: !enabled
      ? "off"
      : optimizer.disabled === undefined
      ? "enabled"
      : "disabled",
    disabledReason: optimizer.disabled,
    consecutiveFailures: optimizer.consecutiveFailures,
    maxConsecutiveFailures,
    lastSearchAgeMs: optimizer.triedAtMs === undefined
      ? undefined
      : nowMs - optimizer.triedAtMs,
    lastSearchMs: optimizer.searchMs,
    searched,
    plan: optimizer.plan,
    driftTicks: optimizer.driftTicks,
    driftTicksNeeded: driftConsecutiveTicks,
    driftTriggers,
    searchesTotal: optimizer.searchesTotal,
    failuresTotal: optimizer.failuresTotal,
    exceptionsTotal: optimizer.exceptionsTotal,
    regressionsTotal: optimizer.regressionsTotal,
    clampedPredictionsTotal: optimizer.clampedPredictionsTotal,
  };
}
