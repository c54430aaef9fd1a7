/** R12: the compatible budget clamp. Never more of either side than was asked for. @module */

/** One pair to clamp. */
export interface PairClamp {
  readonly asked: { readonly prefill: number; readonly decode: number };
  /** Fewest replicas of each side. */
  readonly floors: { readonly prefill: number; readonly decode: number };
  /** Watts (or GPUs, P38) of one replica. */
  readonly cost: { readonly prefill: number; readonly decode: number };
  readonly budget: number;
}

/** Result of a clamp. */
export interface Clamped {
  readonly prefill: number;
  readonly decode: number;
  /** `kept`: it fitted; `reduced`; `below_floor`: not even the floors fit, so nothing runs. */
  readonly outcome: "kept" | "reduced" | "below_floor";
}

/**
 * Clamps a pair of replica targets to a budget. With P and D the cost of one replica and m the floors: fits →
 * keep; `m·P + m·D > B` → (0, 0); else scale by s = B / projected,
 * prefill = max(m, min(⌊(B − m·D)/P⌋, ⌊n_p·s⌋)), decode = max(m, min(n_d, ⌊(B − prefill·P)/D⌋)).
 *
 * A floor above what was asked counts as what was asked. The same arithmetic serves the GPU budget (P38).
 *
 * @example
 * ```ts
 * clampPair({
 *   asked: { prefill: 4, decode: 4 },
 *   floors: { prefill: 1, decode: 1 },
 *   cost: { prefill: 250, decode: 250 },
 *   budget: 1499,
 * }); // { prefill: 2, decode: 3, outcome: "reduced" }
 * ```
 */
export function clampPair({ asked, floors, cost, budget }: PairClamp): Clamped {
  const projected = asked.prefill * cost.prefill + asked.decode * cost.decode;
  if (projected <= budget) return { ...asked, outcome: "kept" };
  const floor = {
    prefill: Math.min(floors.prefill, asked.prefill),
    decode: Math.min(floors.decode, asked.decode),
  };
  if (floor.prefill * cost.prefill + floor.decode * cost.decode > budget) {
    return { prefill: 0, decode: 0, outcome: "below_floor" };
  }
  const scale = budget / projected;
  const prefill = Math.max(
    floor.prefill,
    Math.min(
      units(budget - floor.decode * cost.decode, cost.prefill),
      Math.floor(asked.prefill * scale),
    ),
  );
  const decode = Math.max(
    floor.decode,
    Math.min(asked.decode, units(budget - prefill * cost.prefill, cost.decode)),
  );
  return { prefill, decode, outcome: "reduced" };
}

/** The same for a deployment with one kind of worker (P39). */
export function clampSingle(
  asked: number,
  floor: number,
  cost: number,
  budget: number,
): { readonly replicas: number; readonly outcome: Clamped["outcome"] } {
  if (asked * cost <= budget) return { replicas: asked, outcome: "kept" };
  const fits = units(budget, cost);
  return fits < Math.min(floor, asked)
    ? { replicas: 0, outcome: "below_floor" }
    : { replicas: fits, outcome: "reduced" };
}

/** How many of one cost fit; a side without cost is not limited. */
function units(budget: number, cost: number): number {
  return cost > 0 ? Math.floor(budget / cost) : Number.MAX_SAFE_INTEGER;
}
