/** What targets will do: GPUs, watts, capacity, latencies, and what is missing to the forecast. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { Forecast } from "../predict/mod.ts";
import { capWattsOf, type SideTarget } from "./decision.ts";
import type { Reason } from "./reason.ts";

/** The figures of a decision that follow from its targets. */
export function outlook(
  targets: readonly SideTarget[],
  config: PlannerConfig,
  expected: Forecast | undefined,
) {
  const capacity = capacityOf(targets);
  const served = capacity !== undefined && expected
    ? Math.min(capacity, expected.requestsPerSecond)
    : undefined;
  const draws = targets.map(({ replicas, gpusPerReplica, point }) =>
    point && replicas * gpusPerReplica * point.drawWatts
  );
  return {
    gpus: targets.reduce(
      (sum, { replicas, gpusPerReplica }) => sum + replicas * gpusPerReplica,
      0,
    ),
    projectedWatts: config.power ? capWattsOf(targets) : undefined,
    budgetWatts: config.power?.budgetWatts,
    expectedDrawWatts: draws.reduce<number | undefined>(
      (sum, draw) =>
        sum === undefined || draw === undefined ? undefined : sum + draw,
      0,
    ),
    capacityRequestsPerSecond: capacity,
    demandTokensPerSecond: expected &&
      expected.requestsPerSecond * expected.oslTokens,
    servedTokensPerSecond: served !== undefined && expected
      ? served * expected.oslTokens
      : undefined,
    ttftMs: targets.find(({ side }) => side !== "decode")?.point?.ttftMs,
    itlMs: targets.find(({ side }) => side !== "prefill")?.point?.itlMs,
  };
}

/** Requests per second that all sides together sustain: the weakest side decides. */
export function capacityOf(targets: readonly SideTarget[]): number | undefined {
  let capacity = Number.POSITIVE_INFINITY;
  for (const { replicas, point } of targets) {
    if (replicas === 0) return 0;
    if (!point) return undefined;
    capacity = Math.min(capacity, replicas * point.requestsPerSecond);
  }
  return Number.isFinite(capacity) ? capacity : undefined;
}

/** Less than the forecast is served, and which budget is why. */
export function shortfall(
  targets: readonly SideTarget[],
  expected: Forecast | undefined,
  reasons: readonly Reason[],
): Reason[] {
  const capacity = capacityOf(targets);
  if (!expected || capacity === undefined) return [];
  if (capacity >= expected.requestsPerSecond) return [];
  const has = (...kinds: readonly Reason["kind"][]) =>
    reasons.some(({ kind }) => kinds.includes(kind));
  return [{
    kind: "demand_not_met",
    boundBy: has("power_budget", "below_floor", "scale_up_suppressed")
      ? "watts"
      : has("gpu_budget", "gpu_guard_hold", "gpu_reconcile")
      ? "gpus"
      : has("rebalance_staged", "rollout_hold")
      ? "waiting"
      : has("change_limited")
      ? "change_limit"
      : "model",
    forecastRequestsPerSecond: expected.requestsPerSecond,
    capacityRequestsPerSecond: capacity,
  }];
}
