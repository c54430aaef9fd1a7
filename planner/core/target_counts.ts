/** Targets as counts, and the budget of GPUs over them (P38, P39). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { SideTarget } from "./decision.ts";
import type { GpuBudget } from "./gpu_budget.ts";
import type { Replicas } from "./reason.ts";
import { floorsOf } from "./settings.ts";

/** The budget that a configuration and the widths of the targets make. */
export function gpuBudgetOf(
  config: PlannerConfig,
  targets: readonly SideTarget[],
): GpuBudget {
  return {
    gpusPerReplica: Object.fromEntries(
      targets.map(({ side, gpusPerReplica }) => [side, gpusPerReplica]),
    ),
    floors: floorsOf(config),
    maxGpus: config.maxGpus,
    minGpus: config.minGpus,
  };
}

/** The same targets with other counts. */
export function withReplicas(
  targets: readonly SideTarget[],
  replicas: Replicas,
): readonly SideTarget[] {
  return targets.map((target) => ({
    ...target,
    replicas: replicas[target.side] ?? target.replicas,
  }));
}
