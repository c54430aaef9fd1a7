/** The power budget over a partial proposal (P44–P49, P52): what moves, what waits, what is refused. @module */

import { directionalFit } from "./directional_fit.ts";
import { gpusOf, reduceTo, sidesIn } from "./gpu_budget.ts";
import type { Replicas } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";

/** A proposal at the border to the fleet. */
export interface PowerProposal {
  /** Serving and wanted replicas by side as they are now; an absent count is unknown. */
  readonly ready: Replicas;
  readonly target: Replicas;
  /** Only sides that were really proposed (P45). */
  readonly proposed: Replicas;
  /** Cap × GPUs of one replica, watts. */
  readonly replicaWatts: PerSide<number>;
  readonly floors: PerSide<number>;
  readonly budgetWatts: number;
  /** A floor was raised above what is there: the other side may have to give (P52). */
  readonly floorsRaised: boolean;
}

/** What the budget made of it. */
export type PowerOutcome =
  | { readonly kind: "kept"; readonly replicas: Replicas }
  | {
    readonly kind: "clamped";
    readonly replicas: Replicas;
    readonly askedWatts: number;
  }
  | {
    readonly kind: "staged";
    readonly replicas: Replicas;
    readonly grows: Side;
    readonly wanted: number;
    readonly held: number;
    readonly shrinks: Side;
    readonly peakWatts: number;
  }
  | {
    readonly kind: "suppressed";
    readonly replicas: Replicas;
    readonly side: Side;
    readonly wanted: number;
    readonly peerWatts: number;
    readonly missingWatts: number;
  };

/**
 * Never raises anything, never moves a side that was not proposed. It does not repair a fleet that is over budget
 * already: the caller does (R12).
 */
export function clampProposal(proposal: PowerProposal): PowerOutcome {
  const sides = sidesIn(proposal.proposed);
  const peers = sidesIn(proposal.replicaWatts).filter((side) =>
    !sides.includes(side)
  );
  const [first, second] = sides;
  if (first === undefined) return { kind: "kept", replicas: {} };
  if (second === undefined) return clampOne(proposal, first, peers);
  return clampBoth(proposal);
}

/** P48: the other side is charged with all that it has or will have. */
function clampOne(
  proposal: PowerProposal,
  side: Side,
  peers: readonly Side[],
): PowerOutcome {
  const { budgetWatts, replicaWatts, floors } = proposal;
  const wanted = proposal.proposed[side] ?? 0;
  const perReplica = replicaWatts[side] ?? 0;
  const peerWatts = peers.reduce(
    (sum, peer) => sum + nowOf(proposal, peer) * (replicaWatts[peer] ?? 0),
    0,
  );
  const rest = budgetWatts - peerWatts;
  if (wanted * perReplica <= rest) {
    return { kind: "kept", replicas: { [side]: wanted } };
  }
  const floorWatts = (floors[side] ?? 0) * perReplica;
  if (rest < Math.max(floorWatts, 0)) {
    const to = Math.min(wanted, nowOf(proposal, side));
    return {
      kind: "suppressed",
      replicas: { [side]: to },
      side,
      wanted,
      peerWatts,
      missingWatts: floorWatts - rest,
    };
  }
  return {
    kind: "clamped",
    replicas: { [side]: Math.floor(rest / perReplica) },
    askedWatts: peerWatts + wanted * perReplica,
  };
}

function clampBoth(proposal: PowerProposal): PowerOutcome {
  const { budgetWatts, replicaWatts, proposed, floors } = proposal;
  const askedWatts = gpusOf(proposed, replicaWatts);
  if (askedWatts <= budgetWatts) {
    return staged(proposal, proposed) ?? { kind: "kept", replicas: proposed };
  }
  const now: Replicas = Object.fromEntries(
    sidesIn(proposed).map((side) => [side, nowOf(proposal, side)]),
  );
  const isKnown = sidesIn(proposed).some((side) =>
    proposal.ready[side] !== undefined || proposal.target[side] !== undefined
  );
  const replicas = isKnown && !proposal.floorsRaised &&
      gpusOf(now, replicaWatts) <= budgetWatts
    ? directionalFit(now, proposed, {
      cost: replicaWatts,
      most: budgetWatts,
      least: 0,
    }) ?? now
    : reduceTo(proposed, floors, replicaWatts, budgetWatts);
  return staged(proposal, replicas) ??
    { kind: "clamped", replicas, askedWatts };
}

/** P46: while one side grows before the other has gone, both are powered. */
function staged(
  proposal: PowerProposal,
  replicas: Replicas,
): PowerOutcome | undefined {
  const { budgetWatts, replicaWatts } = proposal;
  const sides = sidesIn(replicas);
  const peak: Replicas = Object.fromEntries(
    sides.map((side) => [
      side,
      Math.max(nowOf(proposal, side), replicas[side] ?? 0),
    ]),
  );
  const peakWatts = gpusOf(peak, replicaWatts);
  if (peakWatts <= budgetWatts) return undefined;
  const grows = sides.find((side) =>
    (replicas[side] ?? 0) > nowOf(proposal, side)
  );
  const shrinks = sides.find((side) =>
    (replicas[side] ?? 0) < nowOf(proposal, side)
  );
  if (grows === undefined || shrinks === undefined) return undefined;
  const held = nowOf(proposal, grows);
  return {
    kind: "staged",
    replicas: { ...replicas, [grows]: held },
    grows,
    wanted: replicas[grows] ?? 0,
    held,
    shrinks,
    peakWatts,
  };
}

/** What a side may power now: what serves, and what is on its way or goes (P36). Unknown counts as none. */
function nowOf({ ready, target }: PowerProposal, side: Side): number {
  return Math.max(ready[side] ?? 0, target[side] ?? 0);
}
