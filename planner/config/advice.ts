/** What is valid and still worth a warning. @module */

import type { ConfigProblem } from "./problem.ts";
import type { PlannerConfig } from "./planner_config.ts";

/** Warnings about a valid configuration: choices that a person may not have meant. */
export function adviceFor(config: PlannerConfig): ConfigProblem[] {
  const advice: ConfigProblem[] = [];
  const { power, prometheus } = config;
  if (power && !config.optimizer.enabled) {
    const needed = config.mode === "disagg"
      ? (["prefill", "decode"] as const)
      : config.mode === "agg"
      ? (["decode"] as const)
      : ([config.mode] as const);
    for (const side of needed) {
      if (power[`${side}CapWatts`] !== undefined) continue;
      advice.push({
        path: `${side}_engine_gpu_power_limit`,
        found: "found nothing, and the optimizer is off",
        write:
          `The cap is power_agent_safe_default_watts, ${power.safeDefaultWatts} W; write another one to change it.`,
      });
    }
  }
  if (prometheus.bearerToken && prometheus.bearerTokenFile) {
    advice.push({
      path: "prometheus_bearer_token",
      found: "found a token and a token file",
      write: "The file wins; remove the token.",
    });
  }
  if (config.trafficSource === "prometheus" && isUnverified(prometheus)) {
    advice.push({
      path: "prometheus_verify",
      found: "found false, and certificates are always verified here",
      write:
        `Write prometheus_ca_bundle; or start deno with --unsafely-ignore-certificate-errors=${
          new URL(prometheus.url).hostname
        }.`,
    });
  }
  const { target, prefillQueueTokens, decodeKvShare } = config.scaling ?? {};
  if (target !== "load" && (prefillQueueTokens ?? decodeKvShare)) {
    advice.push({
      path: "optimization_target",
      found:
        `found ${target}, which does not read the thresholds of load scaling`,
      write: "Write load, or remove the thresholds.",
    });
  }
  return advice;
}

/** The runtime has no switch for it per connection, so the wish cannot be granted silently. */
function isUnverified({ url, verify }: PlannerConfig["prometheus"]): boolean {
  return !verify && url.startsWith("https:");
}
