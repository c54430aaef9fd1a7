/** A budget below the floor footprint (R12): caps to what fits, then replicas to the floor, then the chosen policy. @module */

import type { PlannerConfig, PowerConfig } from "../config/mod.ts";
import type { CapacityModel, GpuWatts } from "./capacity.ts";
import { capWattsOf, type SideTarget } from "./decision.ts";
import { reduceTo } from "./gpu_budget.ts";
import { askModel, type NeedInput } from "./propose.ts";
import type { Reason } from "./reason.ts";
import type { PerSide } from "./side.ts";
import { floorsOf } from "./settings.ts";

/** The floors at given caps. */
export interface FloorFootprint {
  /** At the lowest cap the GPU takes, watts. */
  readonly lowestWatts: number;
  readonly gpus: number;
}

/** Watts that the floors need at the lowest caps; above the budget the planner refuses to start. */
export function floorFootprint(
  config: PlannerConfig,
  model: CapacityModel,
): FloorFootprint {
  const floors = floorsOf(config);
  let gpus = 0;
  for (const side of ["prefill", "decode", "agg"] as const) {
    gpus += (floors[side] ?? 0) * (model.gpusPerReplica[side] ?? 1);
  }
  return { gpus, lowestWatts: gpus * lowestCap(config, model.gpu) };
}

/** A deployment that owns its caps keeps them; otherwise they can go down to the SKU's minimum. */
function lowestCap(config: PlannerConfig, gpu: GpuWatts): number {
  const { power } = config;
  if (power?.capOwner !== "deployment") return gpu.minWatts;
  return Math.min(
    power.prefillCapWatts ?? power.safeDefaultWatts,
    power.decodeCapWatts ?? power.safeDefaultWatts,
  );
}

/**
 * Finds targets for floors that do not fit at the caps in force. If the planner owns the caps, every GPU of the floors gets
 * an equal share of the budget, as long as that is at least the SKU's minimum. If even that does not fit: `shed` goes
 * below the floor, down to nothing, and `hold_floor` keeps the floor at the lowest caps and declares the excess.
 */
export function belowFloor(
  input: NeedInput & { readonly power: PowerConfig },
  targets: readonly SideTarget[],
): {
  readonly targets: readonly SideTarget[];
  readonly reasons: readonly Reason[];
} {
  const { config, power, model } = input;
  const floors = floorsOf(config);
  const atFloor = targets.map((target) => ({
    ...target,
    replicas: Math.min(floors[target.side] ?? 0, target.replicas),
  }));
  const ours = power.capOwner === "planner";
  const gpus = atFloor.reduce(
    (sum, { replicas, gpusPerReplica }) => sum + replicas * gpusPerReplica,
    0,
  );
  const equalShare = gpus > 0 ? Math.floor(power.budgetWatts / gpus) : 0;
  const lowest = ours ? recapped(input, atFloor, model.gpu.minWatts) : atFloor;
  const lowestFloorWatts = capWattsOf(lowest);
  const reason: Reason = {
    kind: "below_floor",
    policy: power.belowFloor,
    floorWatts: capWattsOf(atFloor),
    lowestFloorWatts,
    budgetWatts: power.budgetWatts,
  };
  if (lowestFloorWatts <= power.budgetWatts) {
    const shared = ours ? recapped(input, atFloor, equalShare) : atFloor;
    return {
      targets: shared,
      reasons: [reason, ...capReasons(atFloor, shared)],
    };
  }
  if (power.belowFloor === "hold_floor") {
    return {
      targets: lowest,
      reasons: [
        reason,
        ...capReasons(atFloor, lowest),
        {
          kind: "over_budget",
          overBudgetWatts: lowestFloorWatts - power.budgetWatts,
        },
      ],
    };
  }
  const one: PerSide<number> = Object.fromEntries(
    lowest.map(({ side, replicas }) => [side, Math.min(1, replicas)]),
  );
  const cost: PerSide<number> = Object.fromEntries(
    lowest.map(({ side, gpusPerReplica, capWatts }) => [
      side,
      gpusPerReplica * (capWatts ?? 0),
    ]),
  );
  const asked = Object.fromEntries(
    lowest.map(({ side, replicas }) => [side, replicas]),
  );
  const left = reduceTo(asked, one, cost, power.budgetWatts);
  return {
    targets: lowest.map((target) => ({
      ...target,
      replicas: left[target.side] ?? 0,
    })),
    reasons: [reason, ...capReasons(atFloor, lowest)],
  };
}

/** The targets at no more than one cap, within the SKU's range, with the model's word on it. */
function recapped(
  input: NeedInput,
  targets: readonly SideTarget[],
  mostWatts: number,
): readonly SideTarget[] {
  return targets.map((target) => {
    const capWatts = Math.max(
      input.model.gpu.minWatts,
      Math.min(target.capWatts ?? mostWatts, mostWatts),
    );
    if (capWatts === target.capWatts) return target;
    const answer = askModel(input, target.side, { kind: "fixed", capWatts });
    const point = answer.kind === "points" ? answer.points[0] : undefined;
    return { ...target, capWatts, point };
  });
}

function capReasons(
  before: readonly SideTarget[],
  after: readonly SideTarget[],
): Reason[] {
  return after.flatMap(({ side, capWatts }, index): Reason[] =>
    capWatts !== undefined && capWatts !== before[index]?.capWatts
      ? [{ kind: "caps_to_lowest", side, capWatts }]
      : []
  );
}
