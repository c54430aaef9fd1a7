/** The demo's deployment: Qwen3-32B on 64 H200s inside 15 kW, and the policies that share its day. @module */

import { parsePlannerConfig, type PlannerConfig } from "../config/mod.ts";
import type { CapacityModel } from "../core/mod.ts";
import { decodeFirst } from "./decode_first.ts";

/** Watts that the fleet may draw, whatever the policy knows of them. */
export const BUDGET_WATTS = 15_000;

/** The deployment as a user would write it. */
const CONFIG = `
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
total_gpu_power_limit: ${BUDGET_WATTS}
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
export const PEAK_REQUESTS_PER_SECOND = 46;
export const SEED = 20_261;

/** What decides through the day. */
export interface Policy {
  readonly name: "wattkeeper" | "static clamp" | "decode first" | "uncapped";
  readonly config: PlannerConfig;
  /** The model as this policy sees it. */
  readonly model: (model: CapacityModel) => CapacityModel;
}

const asIs = (model: CapacityModel) => model;

/** Ours first. `tdpWatts`: the cap of a policy that knows no better. */
export function policies(tdpWatts: number): readonly Policy[] {
  return [
    { name: "wattkeeper", config: read(CONFIG), model: asIs },
    {
      name: "static clamp",
      config: read(staticCaps(CONFIG, tdpWatts)),
      model: asIs,
    },
    {
      name: "decode first",
      config: read(`${CONFIG}power_clamp: compatible\n`),
      model: decodeFirst,
    },
    {
      name: "uncapped",
      config: read(
        CONFIG.replace(
          "enable_power_awareness: true",
          "enable_power_awareness: false",
        )
          .replace("enable_aic_optimizer: true", "enable_aic_optimizer: false"),
      ),
      model: asIs,
    },
  ];
}

/** The reference's first layers: every cap at TDP, replicas clamped by R12. */
function staticCaps(text: string, tdpWatts: number): string {
  return text
    .replace("enable_aic_optimizer: true", "enable_aic_optimizer: false")
    .replace(
      "power_agent_safe_default_watts: 490",
      [
        "power_agent_safe_default_watts: 490",
        `prefill_engine_gpu_power_limit: ${tdpWatts}`,
        `decode_engine_gpu_power_limit: ${tdpWatts}`,
      ].join("\n"),
    );
}

function read(text: string): PlannerConfig {
  return parsePlannerConfig({ text, name: "demo" }).config;
}
