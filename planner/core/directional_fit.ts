/** The nearest step towards a proposal that fits a limit and turns no direction around (P40, P47). @module */

import { sidesIn } from "./gpu_budget.ts";
import type { Replicas } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";

/** What a step has to fit. */
export interface FitLimit {
  /** GPUs or watts of one replica. */
  readonly cost: PerSide<number>;
  readonly most: number;
  readonly least: number;
}

/**
 * Replicas between the current and the proposed ones, side by side: the ones nearest to the proposal, then those whose
 * sides came equally far, then those that moved most. Opposing steps go together or not at all.
 *
 * @returns undefined when no step fits
 */
export function directionalFit(
  current: Replicas,
  proposed: Replicas,
  limit: FitLimit,
): Replicas | undefined {
  const [first, second] = sidesIn(proposed);
  if (first === undefined) return undefined;
  const legs = {
    first: legOf(first, current, proposed),
    second: second === undefined ? undefined : legOf(second, current, proposed),
  };
  let best: Step | undefined;
  const offer = (firstCount: number, secondCount: number | undefined) => {
    const step = stepOf(legs, firstCount, secondCount);
    if (!step || !fits(legs, step, limit)) return;
    if (!best || isNearer(step, best)) best = step;
  };
  const affordable = countOf(limit.most, limit.cost[first] ?? 0);
  for (const firstCount of counts(legs.first, affordable)) {
    if (!legs.second) {
      offer(firstCount, undefined);
      continue;
    }
    // For a given count of one side, the nearest one of the other is the only one worth a look.
    const spent = firstCount * (limit.cost[first] ?? 0);
    const cost = limit.cost[legs.second.side] ?? 0;
    const most = countOf(limit.most - spent, cost);
    const least = cost > 0
      ? Math.max(0, Math.ceil((limit.least - spent) / cost))
      : 0;
    offer(
      firstCount,
      legs.second.to >= legs.second.from
        ? Math.min(legs.second.to, most)
        : Math.max(legs.second.to, least),
    );
  }
  if (!best) return undefined;
  return {
    [first]: best.first,
    ...(legs.second && best.second !== undefined
      ? { [legs.second.side]: best.second }
      : {}),
  };
}

interface Leg {
  readonly side: Side;
  readonly from: number;
  readonly to: number;
}

interface Legs {
  readonly first: Leg;
  readonly second: Leg | undefined;
}

interface Step {
  readonly first: number;
  readonly second: number | undefined;
  readonly distance: number;
  readonly skew: number;
  readonly progress: number;
}

function legOf(side: Side, current: Replicas, proposed: Replicas): Leg {
  return { side, from: current[side] ?? 0, to: proposed[side] ?? 0 };
}

function stepOf(
  { first, second }: Legs,
  firstCount: number,
  secondCount: number | undefined,
): Step | undefined {
  const counts = [
    [first, firstCount] as const,
    ...(second && secondCount !== undefined
      ? [[second, secondCount] as const]
      : []),
  ];
  if (counts.some(([leg, count]) => !isBetween(leg, count))) return undefined;
  const moved = counts.map(([leg, count]) => Math.abs(count - leg.from));
  const opposing = second !== undefined &&
    (first.to - first.from) * (second.to - second.from) < 0;
  if (opposing && moved.some((steps) => steps === 0)) return undefined;
  const progress = moved.reduce((sum, steps) => sum + steps, 0);
  if (progress === 0) return undefined;
  const shares = counts.map(([leg, count]) =>
    leg.to === leg.from ? 1 : (count - leg.from) / (leg.to - leg.from)
  );
  return {
    first: firstCount,
    second: secondCount,
    distance: counts.reduce(
      (sum, [leg, count]) => sum + Math.abs(leg.to - count),
      0,
    ),
    skew: Math.max(...shares) - Math.min(...shares),
    progress,
  };
}

function isBetween({ from, to }: Leg, count: number): boolean {
  return count >= Math.min(from, to) && count <= Math.max(from, to);
}

function fits({ first, second }: Legs, step: Step, limit: FitLimit): boolean {
  const total = step.first * (limit.cost[first.side] ?? 0) +
    (second ? (step.second ?? 0) * (limit.cost[second.side] ?? 0) : 0);
  return total <= limit.most && total >= limit.least;
}

function isNearer(step: Step, than: Step): boolean {
  if (step.distance !== than.distance) return step.distance < than.distance;
  if (Math.abs(step.skew - than.skew) > 1e-12) return step.skew < than.skew;
  return step.progress > than.progress;
}

/** Counts from the proposal back to the current one, as many as can be paid for. */
function* counts({ from, to }: Leg, affordable: number): Generator<number> {
  if (to >= from) {
    for (let n = Math.min(to, affordable); n >= from; n--) yield n;
  } else {
    for (let n = to; n <= Math.min(from, affordable); n++) yield n;
  }
}

function countOf(amount: number, cost: number): number {
  return cost > 0 ? Math.floor(amount / cost) : Number.MAX_SAFE_INTEGER;
}
