/** Throughput scaling (R21, P22–P27): needs, the limit of change, floors, ceilings, the band of GPUs. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { CurrentReplicas } from "./current.ts";
import type { GpuBudget } from "./gpu_budget.ts";
import { gpusOf, sidesIn } from "./gpu_budget.ts";
import { type Guarded, guardGpus } from "./gpu_guard.ts";
import type { ThroughputDecision } from "./outcome.ts";
import type { Needs, SideNeed } from "./propose.ts";
import type { Reason, Replicas } from "./reason.ts";
import { scalingOf } from "./settings.ts";
import type { PerSide, Side } from "./side.ts";

/** What throughput scaling decides from. */
export interface ThroughputInput {
  readonly config: PlannerConfig;
  readonly needs: Needs;
  /** Most replicas at the caps of the last search (R16a). */
  readonly ceilings: Replicas | undefined;
  readonly current: CurrentReplicas;
  readonly budget: GpuBudget;
  /** Why there is no forecast, if there is none. */
  readonly missing: "no_traffic_data" | "predict_failed" | undefined;
}

/** What it asks for. */
export interface ThroughputProposal {
  readonly decision: ThroughputDecision;
  /** Demand alone, with floors: what would run without any limit. */
  readonly asked: Replicas;
  /** After limits and the band; sides without an answer are absent unless their floor moves them. */
  readonly proposed: Replicas;
  readonly reasons: readonly Reason[];
}

/** One throughput decision; with load scaling its result is a lower bound (P27). */
export function proposeThroughput(input: ThroughputInput): ThroughputProposal {
  const { config, needs, current } = input;
  const reasons: Reason[] = [];
  if (input.missing === "no_traffic_data") {
    reasons.push({ kind: "no_traffic_data" });
  } else if (needs.demand === 0) reasons.push({ kind: "idle" });
  const asked: Partial<Record<Side, number>> = {};
  const limited: Partial<Record<Side, number>> = {};
  for (const need of needs.sides) {
    const { side } = need;
    const floor = config.floors[side];
    const now = current.target[side];
    if (need.needed === undefined) {
      // P24: what has no answer stays, but never below its floor.
      if (now !== undefined && now < floor) {
        asked[side] = limited[side] = floor;
      }
      continue;
    }
    if (need.needed < floor && need.needed > 0) {
      reasons.push({
        kind: "floor_raised",
        side,
        needed: need.needed,
        floor,
      });
    }
    asked[side] = Math.max(floor, need.needed);
    limited[side] = limitedOf(input, need, reasons);
  }
  const guarded = withinBand(input, limited, reasons);
  return {
    decision: decisionOf(input, guarded),
    asked,
    proposed: guarded.replicas,
    reasons,
  };
}

/** P26: at most so many replicas a decision, but never below the floor, and never above the ceiling (R16a). */
function limitedOf(
  { config, current, ceilings }: ThroughputInput,
  { side, needed = 0 }: SideNeed,
  reasons: Reason[],
): number {
  const now = current.target[side];
  const limit = scalingOf(config).maxReplicaChange;
  let replicas = needed;
  if (now !== undefined && limit !== undefined) {
    replicas = Math.min(now + limit, Math.max(now - limit, needed));
    if (replicas !== needed) {
      reasons.push({
        kind: "change_limited",
        side,
        from: now,
        asked: needed,
        to: replicas,
        limit,
      });
    }
  }
  const floor = config.floors[side];
  const ceiling = ceilings?.[side];
  if (ceiling === undefined || replicas <= Math.max(ceiling, floor)) {
    return Math.max(floor, replicas);
  }
  reasons.push({ kind: "ceiling", side, needed: replicas, ceiling });
  return Math.max(floor, ceiling);
}

/** The guard needs to know where the fleet stands; without that the plain clamp at the border is enough. */
function withinBand(
  { current, budget, needs }: ThroughputInput,
  proposed: Replicas,
  reasons: Reason[],
): Guarded {
  const isKnown = needs.sides.every(({ side }) =>
    current.target[side] !== undefined
  );
  if (!isKnown || sidesIn(proposed).length === 0) {
    return { replicas: proposed, outcome: "kept" };
  }
  const guarded = guardGpus(current.target, proposed, budget);
  reasons.push(
    ...guardReasons({ current: current.target, proposed, budget, guarded }),
  );
  return { ...guarded, replicas: movedOf(current, proposed, guarded) };
}

/** What the guard did, as reasons. */
export function guardReasons(
  { current, proposed, budget, guarded }: {
    readonly current: Replicas;
    readonly proposed: Replicas;
    readonly budget: GpuBudget;
    readonly guarded: Guarded;
  },
): Reason[] {
  const asked = { ...current, ...proposed };
  const { maxGpus, minGpus } = budget;
  const gpus = gpusOf(asked, budget.gpusPerReplica);
  switch (guarded.outcome) {
    case "kept":
      return [];
    case "hold":
      return [{ kind: "gpu_guard_hold", current, asked }];
    case "reconcile":
      return [{ kind: "gpu_reconcile", from: current, to: guarded.replicas }];
    case "fitted":
      return maxGpus !== undefined && gpus > maxGpus
        ? [{
          kind: "gpu_budget",
          from: asked,
          to: guarded.replicas,
          limitGpus: maxGpus,
          overGpus: gpus - maxGpus,
        }]
        : [{
          kind: "gpu_floor",
          from: asked,
          to: guarded.replicas,
          minGpus: minGpus ?? 0,
        }];
  }
}

/** Sides that were proposed, and those that a reconciliation moves. */
export function movedOf(
  current: CurrentReplicas,
  proposed: Replicas,
  { replicas }: Guarded,
): Replicas {
  return Object.fromEntries(
    sidesIn(replicas).filter((side) =>
      proposed[side] !== undefined || replicas[side] !== current.target[side]
    ).map((side) => [side, replicas[side] ?? 0]),
  );
}

function decisionOf(
  { missing, needs, config, current }: ThroughputInput,
  { outcome, replicas }: Guarded,
): ThroughputDecision {
  if (missing) return missing;
  if (needs.sides.some(({ needed }) => needed === undefined)) {
    return "model_not_ready";
  }
  if (outcome === "reconcile") return "gpu_budget_reconcile";
  if (outcome === "hold") return "gpu_budget_guard_hold";
  if (config.loadScaling) return "set_lower_bound";
  const target: PerSide<number> = current.target;
  return sidesIn(replicas).some((side) => replicas[side] !== target[side])
    ? "scale"
    : "no_change";
}
