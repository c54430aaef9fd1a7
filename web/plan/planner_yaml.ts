/** The best fleet as a `planner.yaml` that `plan --check` accepts. @module */

import type {
  CapRange,
  FleetCandidate,
  FleetSide,
} from "../../optimizer-wasm/portable.ts";
import type { PlanQuestion } from "./question.ts";

/** What the file is made from. */
export interface PlannerYamlInput {
  readonly question: PlanQuestion;
  readonly best: FleetCandidate;
  readonly capRange: CapRange;
}

/** Share of the most that a GPU draws, for pods whose annotation cannot be read (R30). */
const SAFE_DEFAULT_SHARE = 0.7;

/** The file. Layouts are pinned to the best fleet's; the planner chooses replicas and caps itself. */
export function plannerYaml(
  { question: { space, query }, best, capRange }: PlannerYamlInput,
): string {
  const { maxWatts, minWatts } = capRange;
  const { budgetWatts, totalGpus } = query;
  const text = JSON.stringify;
  const safeWatts = Math.max(
    Math.ceil(minWatts),
    Math.ceil(maxWatts * SAFE_DEFAULT_SHARE),
  );
  const lines = [
    "# Capacity plan as a planner configuration; `plan --config FILE --check` checks it.",
    "# On a cluster: environment kubernetes, with namespace and dgd_name.",
    `mode: ${best.mode}`,
    "environment: simulated",
    `served_model_name: ${text(space.model)}`,
    "",
    "# Latency targets, milliseconds.",
    `ttft_ms: ${query.ttftMs}`,
    `itl_ms: ${query.itlMs}`,
    "",
    `max_gpu_budget: ${totalGpus ?? -1}`,
    ...(budgetWatts === undefined ? ["enable_power_awareness: false"] : [
      "",
      "# Watts of all caps together.",
      "enable_power_awareness: true",
      `total_gpu_power_limit: ${Math.max(1, Math.floor(budgetWatts))}`,
      `power_agent_safe_default_watts: ${safeWatts}`,
      "",
      "# The performance model chooses replicas and caps.",
      "enable_aic_optimizer: true",
      `picker_objective: ${query.objective ?? "throughput"}`,
    ]),
    "",
    "aic_interpolation:",
    `  system: ${text(space.system)}`,
    `  backend: ${text(space.backend)}`,
    ...(space.backendVersion === undefined
      ? []
      : [`  backend_version: ${text(space.backendVersion)}`]),
    `  hf_id: ${text(space.model)}`,
    `  isl: ${query.isl}`,
    `  osl: ${query.osl}`,
    ...pick("prefill_pick", best.prefill),
    ...pick("decode_pick", best.decode ?? best.workers),
  ];
  return `${lines.join("\n")}\n`;
}

function pick(name: string, side: FleetSide | undefined): string[] {
  if (!side) return [];
  const { tp, pp, dp, moeTp, moeEp } = side.layout;
  return [
    `  ${name}: { tp: ${tp}, pp: ${pp}, dp: ${dp}, moe_tp: ${moeTp}, moe_ep: ${moeEp}, num_gpus: ${side.gpusPerReplica} }`,
  ];
}
