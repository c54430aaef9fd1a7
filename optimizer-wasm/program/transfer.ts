/** Which empirical transfers a policy allows, and the efficiency ratios between profiles (`aic-engine.md` §5.12). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { EngineCase } from "../estimate_case.ts";
import type { BindContext } from "./bind_context.ts";

/** A rung of the ladder. */
export type Transfer = "xshape" | "xquant" | "xprofile" | "xop";

const ALLOWED: Readonly<
  Record<NonNullable<EngineCase["transferPolicy"]>, readonly Transfer[]>
> = {
  off: [],
  conservative: ["xshape"],
  balanced: ["xshape", "xquant"],
  aggressive: ["xshape", "xquant", "xprofile", "xop"],
};

/** Whether the case's policy allows a transfer. */
export function transfers(context: BindContext, transfer: Transfer): boolean {
  return ALLOWED[context.transferPolicy].includes(transfer);
}

/** Whether a slice has rows that this mode samples: EMPIRICAL reads the primary source only. */
export function sampled(context: BindContext, slice: PackSlice): boolean {
  return context.mode === "EMPIRICAL"
    ? slice.primaryLeaves > 0
    : slice.leaves > 0;
}

/** Looks a profile up in an efficiency list of (bytes, factor, efficiency). */
export function efficiencyOf(
  list: readonly (readonly [number, number, number])[],
  other: number,
  profile: { readonly bytes: number; readonly factor: number },
): number {
  const found = list.find(([bytes, factor]) =>
    bytes === profile.bytes && factor === profile.factor
  );
  return found?.[2] ?? other;
}

/** The candidate nearest to `wanted` by min-max normalised logarithms; candidates are in key order, first wins. */
export function nearestShape<T>(
  candidates: readonly T[],
  shapeOf: (candidate: T) => readonly number[],
  wanted: readonly number[],
): T | undefined {
  const logs = (shape: readonly number[]) =>
    shape.map((value) => Math.log(Math.max(value, 1e-9)));
  const points = candidates.map((candidate) => logs(shapeOf(candidate)));
  const target = logs(wanted);
  const bounds = target.map((_, axis) => {
    const values = points.map((point) => point[axis] ?? 0);
    const low = Math.min(...values);
    const span = Math.max(...values) - low;
    return { low, span: span > 0 ? span : 1 };
  });
  let best: T | undefined;
  let bestSquare = Infinity;
  for (const [index, candidate] of candidates.entries()) {
    const square = bounds.reduce((sum, { span }, axis) => {
      const d = ((points[index]?.[axis] ?? 0) - (target[axis] ?? 0)) / span;
      return sum + d * d;
    }, 0);
    if (square < bestSquare) {
      best = candidate;
      bestSquare = square;
    }
  }
  return best;
}
