/** The planner block: the planner's own configuration, with the test-bed's defaults and what the fleet decides. @module */

import {
  checkPlannerConfig,
  type ConfigProblem,
} from "../../../planner/mod.ts";
import type { FleetBlock, LoadBlock } from "./blocks.ts";
import type { Mapping } from "./merge.ts";
import type { ScenarioPlanner } from "./scenario.ts";

/** What a file that says nothing gets (`reference-testbed.md` §2). */
const DEFAULTS: Mapping = {
  mode: "disagg",
  ttft: 500,
  itl: 50,
  enable_power_awareness: true,
  enable_aic_optimizer: true,
  total_gpu_power_limit: 4000,
  power_agent_safe_default_watts: 500,
  prefill_engine_gpu_power_limit: 500,
  decode_engine_gpu_power_limit: 425,
  aic_reoptimize_interval: 300,
  aic_drift_relative_threshold: 0.15,
  aic_drift_consecutive_ticks: 3,
  aic_max_consecutive_failures: 5,
  min_endpoint: 1,
  max_gpu_budget: 64,
  admission_mode: "off",
  load_predictor: "constant",
};

/** What a scenario decides for its planner. */
export interface PlannerContext {
  readonly fleet: FleetBlock;
  readonly load: LoadBlock;
  readonly intervalSeconds: number;
}

/** The configuration's values: defaults, then the block, then what only the scenario knows. */
export function plannerValues(
  block: Mapping,
  { fleet, load, intervalSeconds }: PlannerContext,
): Mapping {
  const values: Record<string, unknown> = { ...DEFAULTS, ...block };
  // The product's own names are as welcome as the test-bed's.
  if ("ttft_ms" in block) delete values["ttft"];
  if ("itl_ms" in block) delete values["itl"];
  const agg = values["mode"] === "agg";
  return {
    throughput_adjustment_interval_seconds: intervalSeconds,
    aic_interpolation: {
      system: fleet.system,
      backend: "vllm",
      hf_id: "Qwen/Qwen3-32B",
      isl: load.isl,
      osl: load.osl,
      prefill_pick: { tp: fleet.gpus_per_prefill_engine },
      decode_pick: {
        tp: agg ? fleet.gpus_per_agg_engine : fleet.gpus_per_decode_engine,
      },
    },
    ...values,
    environment: "simulated",
  };
}

/** Checks values as the planner checks its file. */
export function checkPlanner(values: Mapping): {
  readonly planner: ScenarioPlanner | undefined;
  readonly problems: readonly ConfigProblem[];
} {
  const { config, fields, problems } = checkPlannerConfig({
    text: JSON.stringify(values),
    name: "planner",
  });
  return {
    planner: config && fields ? { values, config, fields } : undefined,
    problems: problems.map((problem) => ({
      path: problem.path === "" ? "planner" : `planner.${problem.path}`,
      found: problem.found,
      write: problem.write,
    })),
  };
}

/** Numbers of the configuration that assertions may name, by their names in the file and the test-bed's. */
export function plannerNumber(
  fields: ScenarioPlanner["fields"],
  name: string,
): number | null | undefined {
  const real = { ttft: "ttft_ms", itl: "itl_ms" }[name] ?? name;
  if (!Object.hasOwn(fields, real)) return undefined;
  const value: unknown = fields[real as keyof typeof fields];
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number"
    ? value
    : value === undefined
    ? null
    : undefined;
}
