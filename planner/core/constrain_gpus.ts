/** The GPU budget over a proposal (P38, P39): before the power budget, with which it does not commute. @module */

import type { PlannerConfig } from "../config/mod.ts";
import { replicasOf, type SideTarget } from "./decision.ts";
import {
  atLeastGpus,
  type GpuBudget,
  gpusOf,
  withinGpus,
} from "./gpu_budget.ts";
import type { Reason, Replicas } from "./reason.ts";
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

/** Brings targets into the band of GPUs; the ceiling is hard. */
export function constrainGpus(
  targets: readonly SideTarget[],
  config: PlannerConfig,
): {
  readonly targets: readonly SideTarget[];
  readonly reasons: readonly Reason[];
} {
  const budget = gpuBudgetOf(config, targets);
  const reasons: Reason[] = [];
  const asked = replicasOf(targets);
  const raised = atLeastGpus(asked, budget);
  if (raised !== asked && budget.minGpus !== undefined) {
    reasons.push({
      kind: "gpu_floor",
      from: asked,
      to: raised,
      minGpus: budget.minGpus,
    });
  }
  const fitting = withinGpus(raised, budget);
  if (fitting !== raised && budget.maxGpus !== undefined) {
    reasons.push({
      kind: "gpu_budget",
      from: raised,
      to: fitting,
      limitGpus: budget.maxGpus,
      overGpus: gpusOf(raised, budget.gpusPerReplica) - budget.maxGpus,
    });
  }
  return { targets: withReplicas(targets, fitting), reasons };
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
