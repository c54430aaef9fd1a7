/** Sorts the pods of a stage: who can be moved, who waits to be let in, who is about to go. Pure. @module */

import type { SideTarget } from "../decision.ts";
import type { Side } from "../side.ts";
import { hasApplied } from "./charge_rows.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated } from "./ledger_settings.ts";
import { DEADLINES_MS } from "./since.ts";
import type { StageContext } from "./stage_context.ts";
import { currentWattsOf, type Lever, leverOf } from "./wanted_caps.ts";

/** Pods of one replica that wait for a grant; they are let in together. */
export interface Unit {
  readonly side: Side;
  readonly replica: string;
  readonly pods: readonly LedgerPod[];
}

/** The pods by what can be done with them. */
export interface FleetState {
  /** Pods with watts whose node answers. */
  readonly levers: readonly Lever[];
  /** Pods with watts that do not follow: lowers are sent all the same. */
  readonly stuck: readonly Lever[];
  /** In the order in which they are let in. */
  readonly units: readonly Unit[];
  /** Watts that go by themselves: what terminates, and what the scaler takes away. */
  readonly leavingWatts: number;
  /** Replicas with watts by side. */
  readonly live: ReadonlyMap<Side, number>;
  /** Replicas that wait by side. */
  readonly waiting: ReadonlyMap<Side, number>;
  /** More is charged than the budget in force. */
  readonly over: boolean;
}

/** Sorts the pods. */
export function fleetStateOf(context: StageContext): FleetState {
  const { view, account, settings, targets, budgetWatts, since } = context;
  const over = account.watts > budgetWatts;
  const levers: Lever[] = [];
  const stuck: Lever[] = [];
  const live = new Map<Side, Map<string, number>>();
  const waiting = new Map<Side, Map<string, LedgerPod[]>>();
  let leavingWatts = 0;
  for (const pod of sorted(view.pods.values())) {
    const { side } = pod.memory;
    const target = targets.find((one) => one.side === side);
    const going = !pod.present || pod.ended || pod.memory.terminating;
    if (going) {
      const watts = account.wattsOfPod(pod);
      if (watts === 0) continue;
      const late = since.isOver(`leave/${pod.uid}`, DEADLINES_MS.leave);
      if (!late && !over && !isSilent(pod)) leavingWatts += watts;
      // A cut does not wait for who goes (C15).
      if (!over || !pod.present) continue;
    }
    if (settings.capOwner === "deployment") continue;
    const currentWatts = currentWattsOf(pod, account, settings);
    if (currentWatts === 0) {
      if (target?.capWatts === undefined || !pod.memory.gated) continue;
      push(waiting, side, pod);
      continue;
    }
    if (!going) {
      const replicas = live.get(side) ?? new Map<string, number>();
      const watts = account.wattsOfPod(pod);
      replicas.set(pod.replica, (replicas.get(pod.replica) ?? 0) + watts);
      live.set(side, replicas);
    }
    // Where gates are the rule a pod without one serves, and no grant moves it (C3, C10).
    if (isGated(settings) && !pod.memory.gated) continue;
    const lever = leverOf(pod, currentWatts, { target, settings });
    if (!lever) continue;
    if (isSilent(pod) || isOverdue(pod, context)) stuck.push(lever);
    else levers.push(lever);
  }
  const counts = new Map([...live].map(([side, all]) => [
    side,
    // A replica that lacks one of its pods serves nothing yet.
    [...all.keys()].filter((replica) => !waiting.get(side)?.has(replica))
      .length,
  ]));
  const surplus = surplusOf(live, context);
  return {
    levers: levers.map((lever) => withinSurplus(lever, surplus.sides)),
    stuck,
    units: unitsOf(waiting, counts, context),
    leavingWatts: leavingWatts + (over ? 0 : surplus.watts),
    live: counts,
    waiting: new Map([...waiting].map(([side, all]) => [side, all.size])),
    over,
  };
}

function isSilent(pod: LedgerPod): boolean {
  return pod.reported.length < pod.memory.gpus ||
    pod.reported.some(({ silent }) => silent);
}

/** A lower that a report should have shown by now; the others make up for it (C15). */
function isOverdue(pod: LedgerPod, { account, since }: StageContext): boolean {
  const { grant } = pod.memory;
  if (!grant || account.ownWatts(pod.uid) <= grant.watts) return false;
  if (pod.reported.every((seen) => hasApplied(grant, seen))) return false;
  return since.isOver(`lower/${pod.uid}`, DEADLINES_MS.lower);
}

/** Sides that have more replicas than they are to have, for a while: the scaler is at it, and nothing is raised there. */
function surplusOf(
  live: ReadonlyMap<Side, ReadonlyMap<string, number>>,
  { targets, snapshot, since }: StageContext,
): { readonly sides: ReadonlySet<Side>; readonly watts: number } {
  const sides = new Set<Side>();
  let watts = 0;
  for (const { side, replicas } of targets) {
    const all = [...(live.get(side)?.values() ?? [])].sort((a, b) => a - b);
    const surplus = all.length - replicas;
    if (surplus <= 0 || snapshot.sides[side]?.rollout === "failed") continue;
    if (since.isOver(`surplus/${side}`, DEADLINES_MS.leave)) continue;
    sides.add(side);
    // Nobody knows which ones go: the cheapest are counted on.
    for (const one of all.slice(0, surplus)) watts += one;
  }
  return { sides, watts };
}

function withinSurplus(lever: Lever, surplus: ReadonlySet<Side>): Lever {
  return surplus.has(lever.pod.memory.side)
    ? {
      ...lever,
      desiredWatts: Math.min(lever.desiredWatts, lever.currentWatts),
      minWatts: Math.min(lever.minWatts, lever.currentWatts),
    }
    : lever;
}

/**
 * Replicas to let in: as many as a side lacks, the side that lacks most of its own first; in a rollout the surge pods after
 * them, for nothing else moves it on.
 */
function unitsOf(
  waiting: ReadonlyMap<Side, ReadonlyMap<string, readonly LedgerPod[]>>,
  live: ReadonlyMap<Side, number>,
  { targets, snapshot }: StageContext,
): readonly Unit[] {
  const queues = targets.map((target) => ({
    target,
    has: live.get(target.side) ?? 0,
    units: [...(waiting.get(target.side) ?? [])]
      .map(([replica, pods]) => ({ side: target.side, replica, pods }))
      .sort((a, b) => a.replica < b.replica ? -1 : 1),
  }));
  const units: Unit[] = [];
  for (;;) {
    const next = queues.filter(({ target, has, units }) =>
      units.length > 0 && has < target.replicas
    ).sort((a, b) =>
      share(a) - share(b)
    )[0];
    const unit = next?.units.shift();
    if (!next || !unit) break;
    units.push(unit);
    next.has++;
  }
  for (const { target, units: surge } of queues) {
    const rollout = snapshot.sides[target.side]?.rollout;
    if (rollout === "rolling" || rollout === "unknown") units.push(...surge);
  }
  return units;
}

function share(
  { target, has }: { readonly target: SideTarget; readonly has: number },
): number {
  return has / Math.max(1, target.replicas);
}

function sorted(pods: Iterable<LedgerPod>): LedgerPod[] {
  return [...pods].sort((a, b) =>
    a.memory.name === b.memory.name
      ? (a.uid < b.uid ? -1 : 1)
      : a.memory.name < b.memory.name
      ? -1
      : 1
  );
}

function push(
  sides: Map<Side, Map<string, LedgerPod[]>>,
  side: Side,
  pod: LedgerPod,
): void {
  const replicas = sides.get(side) ?? new Map<string, LedgerPod[]>();
  sides.set(side, replicas);
  const pods = replicas.get(pod.replica);
  if (pods) pods.push(pod);
  else replicas.set(pod.replica, [pod]);
}
