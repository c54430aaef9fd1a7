/** No side grows while one rolls out (P50). @module */

import type { BoundaryInput } from "./boundary.ts";
import { sidesIn } from "./gpu_budget.ts";
import type { Reason, Replicas } from "./reason.ts";
import type { Side } from "./side.ts";

/** P50: while a side rolls out, or nobody knows, no side grows above what serves or is set already. */
export function heldByRollout(
  { need, standing, proposed, current, rolloutHeld }: BoundaryInput,
): {
  readonly proposed: Replicas;
  readonly reasons: readonly Reason[];
  readonly isHolding: boolean;
} {
  const { inventory } = need;
  const isRolling = inventory !== undefined &&
    standing.some(({ side }) => {
      const found = inventory[side];
      return found !== undefined && found.rollout !== "settled";
    });
  if (!isRolling) return { proposed, reasons: [], isHolding: false };
  const passing: Partial<Record<Side, number>> = {};
  const reasons: Reason[] = [];
  for (const side of sidesIn(proposed)) {
    const wanted = proposed[side] ?? 0;
    const ready = current.ready[side];
    const set = Math.max(ready ?? 0, current.target[side] ?? 0);
    if (ready === undefined || wanted <= set) {
      passing[side] = wanted;
      continue;
    }
    reasons.push({
      kind: "rollout_hold",
      side,
      wanted,
      held: current.target[side],
      began: !rolloutHeld,
    });
  }
  return {
    proposed: passing,
    reasons,
    isHolding: rolloutHeld || reasons.length > 0,
  };
}
