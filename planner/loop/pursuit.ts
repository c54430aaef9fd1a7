/** Which targets are pursued: what a decision sets, and what an earlier one set and is still under way. Pure. @module */

import type {
  Decision,
  FleetSnapshot,
  PerSide,
  Side,
  SideTarget,
} from "../core/mod.ts";

/** The targets that the ledger stages towards. */
export interface Pursuit {
  readonly targets: readonly SideTarget[];
  /** Replicas that an earlier decision set and the scaler does not have yet, by side. */
  readonly carried: PerSide<number>;
  /** Sides whose scaler has had the target: from then on it belongs to whoever moves it. */
  readonly reached: readonly Side[];
}

export const NOTHING_PURSUED: Pursuit = {
  targets: [],
  carried: {},
  reached: [],
};

/**
 * After a decision. A side that it does not set repeats what is there (P45); when an earlier decision set it and the
 * change still waits for watts, that target goes on. The ledger lets nothing through that has no room.
 */
export function pursue(
  before: Pursuit,
  { targets, decided }: Pick<Decision, "targets" | "decided">,
): Pursuit {
  const carried: Partial<Record<Side, number>> = {};
  const merged = targets.map((target) => {
    const { side, replicas } = target;
    const earlier = before.targets.find((other) => other.side === side);
    if (
      decided.includes(side) || !earlier || before.reached.includes(side) ||
      earlier.replicas === replicas
    ) return target;
    carried[side] = earlier.replicas;
    return { ...target, replicas: earlier.replicas };
  });
  return {
    targets: merged,
    carried,
    reached: before.reached.filter((side) => !decided.includes(side)),
  };
}

/** After a look at the fleet. */
export function withReached(
  pursuit: Pursuit,
  { sides }: Pick<FleetSnapshot, "sides">,
): Pursuit {
  const now = pursuit.targets.filter(({ side, replicas }) =>
    sides[side]?.targetReplicas === replicas &&
    !pursuit.reached.includes(side)
  ).map(({ side }) => side);
  return now.length === 0
    ? pursuit
    : { ...pursuit, reached: [...pursuit.reached, ...now] };
}
