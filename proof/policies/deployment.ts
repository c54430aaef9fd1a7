/** The deployment that policies are compared on where none is given: Qwen3-32B on 64 H200 inside 15 kW. @module */

import {
  parsePlannerConfig,
  type PlannerConfig,
} from "../../planner/portable_planner.ts";

/** As a user would write it. */
const TEXT = `
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

/** Requests per second of the busiest hour of its day: a little more than 15 kW can serve. */
export const USUAL_PEAK_REQUESTS_PER_SECOND = 46;

/** The deployment's configuration. */
export function usualDeployment(): PlannerConfig {
  return parsePlannerConfig({ text: TEXT, name: "the built-in deployment" })
    .config;
}
