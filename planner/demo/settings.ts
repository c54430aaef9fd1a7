/** The demo's deployment: Qwen3-32B on 64 H200s inside 15 kW, and the baseline beside it. @module */

import { parsePlannerConfig, type PlannerConfig } from "../config/mod.ts";

/** The deployment as a user would write it. */
export const DEMO_CONFIG = `
mode: disagg
environment: simulated
served_model_name: Qwen/Qwen3-32B
ttft_ms: 1000
itl_ms: 30
min_endpoint: 1
max_gpu_budget: 64
throughput_adjustment_interval_seconds: 180
load_predictor: constant
enable_power_awareness: true
total_gpu_power_limit: 15000
power_agent_safe_default_watts: 490
enable_aic_optimizer: true
aic_interpolation:
  system: h200_sxm
  backend: vllm
  hf_id: Qwen/Qwen3-32B
  isl: 3000
  osl: 250
  prefill_pick: { tp: 2 }
  decode_pick: { tp: 2 }
`;

/** Requests per second of the busiest hour. */
export const PEAK_REQUESTS_PER_SECOND = 60;
export const SEED = 20_261;

/** The planner with its optimizer. */
export function demoConfig(): PlannerConfig {
  return parsePlannerConfig({ text: DEMO_CONFIG, name: "demo" }).config;
}

/** The same budget without the optimizer: every cap at TDP, replicas clamped by R12. */
export function baselineConfig(tdpWatts: number): PlannerConfig {
  const text = DEMO_CONFIG
    .replace("enable_aic_optimizer: true", "enable_aic_optimizer: false")
    .replace(
      "power_agent_safe_default_watts: 490",
      [
        "power_agent_safe_default_watts: 490",
        `prefill_engine_gpu_power_limit: ${tdpWatts}`,
        `decode_engine_gpu_power_limit: ${tdpWatts}`,
      ].join("\n"),
    );
  return parsePlannerConfig({ text, name: "demo baseline" }).config;
}
