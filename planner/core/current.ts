/** The fleet's replicas as they are, side by side. @module */

import type { SideInventory } from "./ledger/mod.ts";
import type { Replicas } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";

/** Replicas of an inventory; absent counts are unknown. */
export interface CurrentReplicas {
  /** What the scaler is set to, else what serves. */
  readonly target: Replicas;
  readonly ready: Replicas;
}

/** More replicas than any fleet has; a count beyond it is a broken one. */
const MOST_REPLICAS = 1_000_000;

/** Reads an inventory; counts that are no whole numbers of at least 0, or beyond any fleet, are unknown. */
export function currentOf(
  inventory: PerSide<SideInventory> | undefined,
  sides: readonly Side[],
): CurrentReplicas {
  const target: Partial<Record<Side, number>> = {};
  const ready: Partial<Record<Side, number>> = {};
  for (const side of sides) {
    const found = inventory?.[side];
    const serving = count(found?.readyReplicas);
    const wanted = count(found?.targetReplicas) ?? serving;
    if (serving !== undefined) ready[side] = serving;
    if (wanted !== undefined) target[side] = wanted;
  }
  return { target, ready };
}

function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 &&
      value <= MOST_REPLICAS
    ? value
    : undefined;
}
