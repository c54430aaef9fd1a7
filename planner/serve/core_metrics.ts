/** Metrics of scaling, optimizer and admission from one decision (`reference-planner.md` P83 to P85). @module */

import type { Decision } from "../core/mod.ts";
import type { MetricRegistry } from "./metric_registry.ts";
import { METRIC_PREFIX, METRICS } from "./metric_table.ts";

/** Writes what this decision's paths came to; a path that did not run leaves its metrics alone (P84). */
export function coreMetrics(
  registry: MetricRegistry,
  decision: Decision,
): void {
  if (decision.load) {
    enumeration(registry, "loadScaling", decision.load.decision);
  }
  if (decision.throughput) {
    enumeration(registry, "throughputScaling", decision.throughput);
  }
  registry.clear("lowerBound");
  for (const [side, replicas] of Object.entries(decision.lowerBounds)) {
    registry.set("lowerBound", replicas, { side });
  }
  coefficients(registry, decision);
  optimizer(registry, decision);
  admission(registry, decision);
}

/** One series at a time: 1 for the state that holds, as upstream's. */
function enumeration(
  registry: MetricRegistry,
  key: "loadScaling" | "throughputScaling",
  state: string,
): void {
  registry.clear(key);
  registry.set(key, 1, { [METRIC_PREFIX + METRICS[key].name]: state });
}

function coefficients(
  registry: MetricRegistry,
  { coefficients: { after, peggedTotal }, targets }: Decision,
): void {
  registry.set("cTtft", after.ttft);
  registry.set("cItl", after.itl);
  for (const { side } of targets) {
    registry.set("cPower", after[POWER_COEFFICIENT[side]], { component: side });
  }
  for (const [coefficient, total] of Object.entries(peggedTotal)) {
    registry.total("pegged", total, { coefficient });
  }
}

function optimizer(registry: MetricRegistry, decision: Decision): void {
  const { optimizer: found } = decision;
  registry.set(
    "optimizerEnabled",
    found.status === "off" ? undefined : Number(found.status === "enabled"),
  );
  registry.set("failuresInARow", found.consecutiveFailures);
  registry.clear("disabledReason");
  if (found.disabledReason !== undefined) {
    registry.set("disabledReason", 1, { reason: found.disabledReason });
  }
  registry.total("searches", found.searchesTotal);
  registry.total("searchFailures", found.failuresTotal);
  registry.total("exceptions", found.exceptionsTotal);
  registry.total("regressions", found.regressionsTotal);
  for (const [side, total] of Object.entries(found.clampedPredictionsTotal)) {
    registry.total("clamped", total, { side });
  }
}

function admission(registry: MetricRegistry, decision: Decision): void {
  const { admission: found, reasons } = decision;
  registry.set("impliedThetaDecode", found?.thetaDecode);
  registry.set("impliedThetaPrefill", found?.thetaPrefill);
  registry.set("setThetaDecode", found?.setThetaDecode);
  registry.set("setThetaPrefill", found?.setThetaPrefill);
  registry.set("setThetaPrefillTokens", found?.setPrefillTokens);
  if (reasons.some(({ kind }) => kind === "batched_tokens_unknown")) {
    registry.add("batchedTokensUnknown");
  }
}

const POWER_COEFFICIENT = {
  prefill: "powerPrefill",
  decode: "powerDecode",
  agg: "powerAgg",
} as const;
