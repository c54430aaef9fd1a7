/** Steps within the band of GPUs that never turn a direction around (P40, P41). @module */

import {
  atLeastGpus,
  type GpuBudget,
  gpusOf,
  sidesIn,
  withinGpus,
} from "./gpu_budget.ts";
import { directionalFit } from "./directional_fit.ts";
import type { Replicas } from "./reason.ts";

/** What the guard made of a proposal. */
export interface Guarded {
  readonly replicas: Replicas;
  readonly outcome: "kept" | "fitted" | "hold" | "reconcile";
}

/**
 * Lets a proposal pass, in part or not at all. From inside the band: what grows without a side that shrinks gets what is
 * free; a pure step down never ends below the lower bound; opposing steps go together or not at all. From outside the
 * band, or below the floors, the present replicas are brought in, whatever was proposed.
 *
 * @param current replicas now
 * @param proposed replicas asked for; a side that is absent stays
 */
export function guardGpus(
  current: Replicas,
  proposed: Replicas,
  budget: GpuBudget,
): Guarded {
  const { minGpus, maxGpus } = budget;
  const asked: Replicas = { ...current, ...proposed };
  if (minGpus !== undefined && maxGpus !== undefined && minGpus > maxGpus) {
    return { replicas: asked, outcome: "kept" };
  }
  if (isOutside(current, budget)) {
    if (!isOutside(asked, budget)) {
      return { replicas: asked, outcome: "kept" };
    }
    return {
      replicas: withinGpus(
        atLeastGpus(raisedToFloors(current, budget), budget),
        budget,
      ),
      outcome: "reconcile",
    };
  }
  const grows = sidesIn(asked).some((side) =>
    (asked[side] ?? 0) > (current[side] ?? 0)
  );
  const shrinks = sidesIn(asked).some((side) =>
    (asked[side] ?? 0) < (current[side] ?? 0)
  );
  if (shrinks && !grows) return guardDown(current, asked, budget);
  if (isInBand(asked, budget)) return { replicas: asked, outcome: "kept" };
  const fitted = directionalFit(current, asked, {
    cost: budget.gpusPerReplica,
    most: maxGpus ?? Number.MAX_SAFE_INTEGER,
    least: lowerEdge(budget),
  });
  return fitted
    ? { replicas: fitted, outcome: "fitted" }
    : { replicas: current, outcome: "hold" };
}

/** The tolerance is for what cannot be reached in whole replicas, not a licence to step down. */
function guardDown(
  current: Replicas,
  asked: Replicas,
  budget: GpuBudget,
): Guarded {
  const { minGpus, gpusPerReplica } = budget;
  if (minGpus === undefined || gpusOf(asked, gpusPerReplica) >= minGpus) {
    return { replicas: asked, outcome: "kept" };
  }
  const raised = atLeastGpus(asked, { ...budget, maxGpus: undefined });
  const between = sidesIn(asked).every((side) => {
    const count = raised[side] ?? 0;
    return count >= (asked[side] ?? 0) && count <= (current[side] ?? 0);
  });
  const moves = sidesIn(asked).some((side) => raised[side] !== current[side]);
  return between && moves
    ? { replicas: raised, outcome: "fitted" }
    : { replicas: current, outcome: "hold" };
}

function isOutside(replicas: Replicas, budget: GpuBudget): boolean {
  return !isInBand(replicas, budget) ||
    sidesIn(replicas).some((side) =>
      (replicas[side] ?? 0) < (budget.floors[side] ?? 0)
    );
}

function isInBand(replicas: Replicas, budget: GpuBudget): boolean {
  const gpus = gpusOf(replicas, budget.gpusPerReplica);
  return gpus <= (budget.maxGpus ?? Number.MAX_SAFE_INTEGER) &&
    gpus >= lowerEdge(budget);
}

/** The lower bound less one replica of the widest side, where both bounds are set (P37). */
function lowerEdge({ minGpus, maxGpus, gpusPerReplica }: GpuBudget): number {
  if (minGpus === undefined) return 0;
  if (maxGpus === undefined) return minGpus;
  const widths = sidesIn(gpusPerReplica).map((side) =>
    gpusPerReplica[side] ?? 0
  );
  return minGpus - Math.max(0, ...widths);
}

function raisedToFloors(
  replicas: Replicas,
  { floors }: GpuBudget,
): Replicas {
  return Object.fromEntries(
    sidesIn(replicas).map((side) => [
      side,
      Math.max(replicas[side] ?? 0, floors[side] ?? 0),
    ]),
  );
}
