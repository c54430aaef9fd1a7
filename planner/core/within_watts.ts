/** Targets that are over the watts, brought within them by R12. @module */

import type { PowerConfig } from "../config/mod.ts";
import { belowFloor } from "./below_floor.ts";
import { capWattsOf, replicasOf, type SideTarget } from "./decision.ts";
import { reduceTo } from "./gpu_budget.ts";
import type { NeedInput } from "./propose.ts";
import type { Reason } from "./reason.ts";
import { floorsOf } from "./settings.ts";
import type { PerSide } from "./side.ts";
import { withReplicas } from "./target_counts.ts";

/** What is still over the watts, by what was not proposed or by a lower budget, shrinks by R12. */
export function withinWatts(
  need: NeedInput,
  power: PowerConfig,
  targets: readonly SideTarget[],
): {
  readonly targets: readonly SideTarget[];
  readonly reasons: readonly Reason[];
} {
  const askedWatts = capWattsOf(targets);
  if (askedWatts <= power.budgetWatts) return { targets, reasons: [] };
  const floors = floorsOf(need.config);
  if (atFloors(targets, floors) > power.budgetWatts) {
    return belowFloor({ ...need, power }, targets);
  }
  const asked = replicasOf(targets);
  const to = reduceTo(
    asked,
    floors,
    replicaWattsOf(targets),
    power.budgetWatts,
  );
  return {
    targets: withReplicas(targets, to),
    reasons: [{
      kind: "power_budget",
      method: "compatible",
      from: asked,
      to,
      askedWatts,
      budgetWatts: power.budgetWatts,
      overWatts: askedWatts - power.budgetWatts,
    }],
  };
}

/** Watts of one replica of each side. */
export function replicaWattsOf(
  targets: readonly SideTarget[],
): PerSide<number> {
  return Object.fromEntries(
    targets.map(({ side, gpusPerReplica, capWatts }) => [
      side,
      gpusPerReplica * (capWatts ?? 0),
    ]),
  );
}

/** Watts of the floors at the caps of the targets. */
export function atFloors(
  targets: readonly SideTarget[],
  floors: PerSide<number>,
): number {
  return capWattsOf(
    targets.map((target) => ({
      ...target,
      replicas: Math.min(target.replicas, floors[target.side] ?? 0),
    })),
  );
}
