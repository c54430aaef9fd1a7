/** The GPU budget: a hard ceiling and a soft floor (P37–P39). @module */

import type { Replicas } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";
import { clampPair, clampSingle } from "./power_clamp.ts";

/** Replicas of the sides that are there, with what one replica costs. */
export interface GpuBudget {
  readonly gpusPerReplica: PerSide<number>;
  readonly floors: PerSide<number>;
  readonly maxGpus: number | undefined;
  readonly minGpus: number | undefined;
}

/** GPUs of all replicas. */
export function gpusOf(
  replicas: Replicas,
  gpusPerReplica: PerSide<number>,
): number {
  let sum = 0;
  for (const side of sidesIn(replicas)) {
    sum += (replicas[side] ?? 0) * (gpusPerReplica[side] ?? 0);
  }
  return sum;
}

/** Reduces replicas to the ceiling; (0, 0) when the floors do not fit. */
export function withinGpus(asked: Replicas, budget: GpuBudget): Replicas {
  if (
    budget.maxGpus === undefined ||
    gpusOf(asked, budget.gpusPerReplica) <= budget.maxGpus
  ) return asked;
  return reduceTo(asked, budget.floors, budget.gpusPerReplica, budget.maxGpus);
}

/**
 * Raises replicas to the lower bound in proportion; unchanged when that would pass the ceiling. With both bounds set, one
 * replica of the widest side is tolerated below the floor.
 */
export function atLeastGpus(asked: Replicas, budget: GpuBudget): Replicas {
  const { minGpus, maxGpus, gpusPerReplica } = budget;
  if (minGpus === undefined) return asked;
  if (maxGpus !== undefined && minGpus > maxGpus) return asked;
  const sides = sidesIn(asked);
  const widths = sides.map((side) => gpusPerReplica[side] ?? 0);
  const tolerance = maxGpus === undefined ? 0 : Math.max(0, ...widths);
  const total = gpusOf(asked, gpusPerReplica);
  if (total >= minGpus - tolerance) return asked;
  const raised: Partial<Record<Side, number>> = {};
  sides.forEach((side, index) => {
    const width = widths[index] ?? 0;
    raised[side] = width === 0
      ? asked[side] ?? 0
      : total === 0
      ? Math.floor(minGpus / sides.length / width)
      : Math.ceil((asked[side] ?? 0) * minGpus / total);
  });
  const last = sides.at(-1);
  if (total === 0 && last) {
    const rest = minGpus - gpusOf(raised, gpusPerReplica);
    const width = gpusPerReplica[last] ?? 1;
    raised[last] = (raised[last] ?? 0) + Math.max(0, Math.floor(rest / width));
  }
  return maxGpus !== undefined && gpusOf(raised, gpusPerReplica) > maxGpus
    ? asked
    : raised;
}

/** R12 and P38 over the sides that are there. */
export function reduceTo(
  asked: Replicas,
  floors: PerSide<number>,
  cost: PerSide<number>,
  limit: number,
): Replicas {
  if (asked.prefill !== undefined && asked.decode !== undefined) {
    const { prefill, decode } = clampPair({
      asked: { prefill: asked.prefill, decode: asked.decode },
      floors: { prefill: floors.prefill ?? 0, decode: floors.decode ?? 0 },
      cost: { prefill: cost.prefill ?? 0, decode: cost.decode ?? 0 },
      budget: limit,
    });
    return { prefill, decode };
  }
  const [side] = sidesIn(asked);
  return side === undefined ? {} : {
    [side]: clampSingle(
      asked[side] ?? 0,
      floors[side] ?? 0,
      cost[side] ?? 0,
      limit,
    ).replicas,
  };
}

/** The sides that have a count, prefill first. */
export function sidesIn(replicas: PerSide<unknown>): Side[] {
  return (["prefill", "decode", "agg"] as const).filter((side) =>
    replicas[side] !== undefined
  );
}
