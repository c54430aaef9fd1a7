/** The planner's configuration of a scheduled fleet. @module */

import {
  type CapacityModel,
  parsePlannerConfig,
  type PlannerConfig,
} from "../../planner/mod.ts";
import type { NodeFacts } from "../../simulator/mod.ts";
import { FORMULA_GPU } from "./formula_engine.ts";
import type { ScheduledFleet } from "./schedule.ts";

/** Safe default of every fleet, watts. */
export const SAFE_DEFAULT_WATTS = 490;

/** What all fleets have in common, as a person would write it; read once. */
const COMMON = `
environment: simulated
ttft_ms: 1000
itl_ms: 40
throughput_adjustment_interval_seconds: 30
load_predictor: constant
enable_power_awareness: true
total_gpu_power_limit: 10000
power_agent_safe_default_watts: ${SAFE_DEFAULT_WATTS}
enable_aic_optimizer: true
aic_reoptimize_interval: 60
aic_drift_consecutive_ticks: 2
aic_interpolation:
  system: h200_sxm
  backend: vllm
  hf_id: Qwen/Qwen3-32B
  isl: 1000
  osl: 100
  prefill_pick: { tp: 1 }
  decode_pick: { tp: 1 }
`;

let common: PlannerConfig | undefined;

/** The configuration. */
export function configOf(fleet: ScheduledFleet): PlannerConfig {
  common ??= parsePlannerConfig({ text: COMMON, name: "schedule" }).config;
  const fixed = fleet.optimizer && fleet.capOwner === "planner"
    ? undefined
    : { prefill: 500, decode: 350 };
  return {
    ...common,
    mode: fleet.mode,
    advisory: fleet.advisory,
    loadScaling: fleet.loadScaling,
    loadIntervalSeconds: 5,
    floors: { prefill: fleet.floor, decode: fleet.floor, agg: fleet.floor },
    maxGpus: fleet.maxGpus,
    gpusPerReplica: {
      prefill: fleet.gpusPerReplica,
      decode: fleet.gpusPerReplica,
    },
    power: {
      budgetWatts: fleet.budgetWatts,
      prefillCapWatts: fixed?.prefill,
      decodeCapWatts: fixed?.decode,
      safeDefaultWatts: SAFE_DEFAULT_WATTS,
      capOwner: fleet.capOwner,
      clamp: fleet.clamp,
      belowFloor: fleet.belowFloor,
      startMode: fleet.startMode,
    },
    optimizer: { ...common.optimizer, enabled: fleet.optimizer },
  };
}

/** GPUs of one replica by side. */
export function replicaGpus(
  fleet: ScheduledFleet,
): CapacityModel["gpusPerReplica"] {
  const gpus = fleet.gpusPerReplica;
  return fleet.mode === "agg" ? { agg: gpus } : { prefill: gpus, decode: gpus };
}

/** The nodes. */
export function nodesOf(fleet: ScheduledFleet): NodeFacts[] {
  return Array.from({ length: fleet.nodes }, (_, index) => ({
    name: `n${index + 1}`,
    gpus: fleet.gpusPerNode,
    model: "H200",
    minWatts: FORMULA_GPU.minWatts,
    maxWatts: FORMULA_GPU.maxWatts,
    defaultWatts: FORMULA_GPU.maxWatts,
    safeDefaultWatts: SAFE_DEFAULT_WATTS,
    prearm: fleet.startMode === "prearm",
  }));
}
