/** Which caps move now: lowers always, grants and raises with room only, each against the sum that is charged (C2, C3, R43). Pure. @module */

import { hasApplied, startWattsOf } from "./charge_rows.ts";
import { isGated } from "./ledger_settings.ts";
import { whileLoading } from "./loading.ts";
import { type FleetState, fleetStateOf, type Unit } from "./fleet_state.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { DEADLINES_MS } from "./since.ts";
import {
  alarmFor,
  type Findings,
  obstacleTo,
  type PlannedPatch,
  type StageContext,
  waitFor,
} from "./stage_context.ts";
import {
  desiredWattsOf,
  type FixedCost,
  fixedCostOf,
  type Lever,
  leverOf,
  lowestWattsOf,
  squeezed,
} from "./wanted_caps.ts";

/** What the caps come to. */
export interface CapPlan {
  /** Sent without any condition, all at once. */
  readonly lowers: readonly PlannedPatch[];
  /** Sent after a Lease PUT of the same batch (C4). */
  readonly grants: readonly PlannedPatch[];
  /** Watts a GPU that each pod is to have in the end, by UID. */
  readonly caps: ReadonlyMap<string, number>;
  /** Watts that the targets lack, 0 when they fit. */
  readonly missingWatts: number;
  readonly state: FleetState;
}

/** Plans the caps of one stage. Charges what it plans, so that nothing after it counts the same room twice. */
export function planCaps(context: StageContext, findings: Findings): CapPlan {
  const { account, view, settings, budgetWatts } = context;
  const state = fleetStateOf(context);
  const { levers, units, leavingWatts } = state;
  const fixed = fixedCostOf(account, view, { levers, leavingWatts, settings });
  const included = [...levers];
  const admitted: Unit[] = [];
  const demand = [...levers];
  const kept: Unit[] = [];
  for (const unit of units) {
    const obstacle = obstacleOf(unit, context, findings);
    if (obstacle) {
      kept.push(unit);
      continue;
    }
    const more = unit.pods.flatMap((pod) => leverFor(pod, context));
    demand.push(...more);
    const lowestWatts = lowestWattsOf([...included, ...more], fixed);
    if (lowestWatts <= budgetWatts) {
      included.push(...more);
      admitted.push(unit);
    } else blocked(unit, lowestWatts - budgetWatts, { context, findings });
  }
  const toComeWatts = toComeWattsOf(state, admitted, context);
  const caps = capsForNow(included, { fixed, toComeWatts }, {
    context,
    findings,
  });
  const lowers = lowersOf(state, caps);
  const grants = [
    ...grantsOf(admitted, caps, { context, findings }),
    ...raisesOf(levers, caps, { context, findings }),
  ];
  // A lower only moves the sum once it is confirmed: it is charged at its bound until then.
  lowersAwaited(context, findings);
  const desiredWatts = desiredWattsOf(demand, fixed) +
    absentWatts(state, context) + keptWatts(kept, context);
  return {
    lowers,
    grants,
    caps: withStuck(caps, state),
    missingWatts: Math.max(0, desiredWatts - budgetWatts),
    state,
  };
}

/** The caps that all are to have, and while pods load those that serve what they can keep. */
function capsForNow(
  levers: readonly Lever[],
  { fixed, toComeWatts }: {
    readonly fixed: FixedCost;
    readonly toComeWatts: number | undefined;
  },
  { context, findings }: {
    readonly context: StageContext;
    readonly findings: Findings;
  },
): ReadonlyMap<string, number> {
  const { budgetWatts, since, account, reign } = context;
  const caps = squeezed(levers, fixed, budgetWatts);
  // A cut lowers every cap at once (C15), and the stamps of a take-over carry the lowers (C12).
  if (account.watts > budgetWatts || reign.unstamped.length > 0) return caps;
  const now = whileLoading(levers, caps, {
    fixed,
    budgetWatts,
    toComeWatts,
    isLoading: ({ pod }) =>
      pod.memory.loading === true &&
      !since.isOver(`load/${pod.uid}`, DEADLINES_MS.load),
  });
  for (const { pod } of now.below) {
    const watts = caps.get(pod.uid);
    findings.waits.push(waitFor(pod, "start_up", { since, watts }));
  }
  return now.caps;
}

/** Watts at which replicas begin that have none yet and are not let in now; undefined when none is to come. */
function toComeWattsOf(
  { live }: FleetState,
  admitted: readonly Unit[],
  { targets, settings, since }: StageContext,
): number | undefined {
  let watts: number | undefined;
  for (const { side, replicas, gpusPerReplica } of targets) {
    const there = (live.get(side) ?? 0) +
      admitted.filter((unit) => unit.side === side).length;
    if (there >= replicas) continue;
    if (since.isOver(`come/${side}`, DEADLINES_MS.place)) continue;
    // Without a gate they come to GPUs that are charged for a start already.
    const startWatts = isGated(settings) ? settings.gpu.minWatts : 0;
    watts = (watts ?? 0) + (replicas - there) * gpusPerReplica * startWatts;
  }
  return watts;
}

/** Watts of replicas that targets ask for and that no pod stands for yet. */
function absentWatts(
  { live, waiting }: FleetState,
  { targets, settings }: StageContext,
): number {
  // Without a gate they come to GPUs that are charged for a start already.
  const charged = isGated(settings) ? 0 : startWattsOf(undefined, settings);
  return targets.reduce((sum, { side, replicas, gpusPerReplica, capWatts }) => {
    const there = (live.get(side) ?? 0) + (waiting.get(side) ?? 0);
    return sum + Math.max(0, replicas - there) * gpusPerReplica *
        Math.max(0, (capWatts ?? 0) - charged);
  }, 0);
}

/** Watts of replicas that are there and cannot be let in yet. */
function keptWatts(
  units: readonly Unit[],
  { targets }: StageContext,
): number {
  return units.reduce((sum, { side, pods }) => {
    const target = targets.find((one) => one.side === side);
    const gpus = pods.reduce((all, { memory }) => all + memory.gpus, 0);
    return sum + gpus * (target?.capWatts ?? 0);
  }, 0);
}

function leverFor(
  pod: LedgerPod,
  { targets, settings }: StageContext,
): Lever[] {
  const target = targets.find(({ side }) => side === pod.memory.side);
  const lever = leverOf(pod, 0, { target, settings });
  return lever ? [lever] : [];
}

/** What keeps a replica out that has room; all its pods are let in together. */
function obstacleOf(
  { pods }: Unit,
  context: StageContext,
  { waits, alarms }: Findings,
): boolean {
  const { since } = context;
  const found = pods.flatMap((pod) => {
    const kind = obstacleTo(pod, context);
    return kind ? [{ pod, kind }] : [];
  });
  for (const { pod, kind } of found) {
    waits.push(waitFor(pod, kind, { since }));
    if (
      kind === "pod_not_placed" && pod.memory.nodeName !== undefined &&
      since.isOver(`${kind}/${pod.uid}`, DEADLINES_MS.place)
    ) {
      alarms.push(alarmFor(pod, "deadline_missed", {
        message:
          `No report places pod ${pod.memory.name} on all its GPUs; it waits in its gate.`,
      }));
    }
  }
  return found.length > 0;
}

/** All are at their minimum, and it still does not fit (§7). */
function blocked(
  { pods }: Unit,
  missingWatts: number,
  { context, findings }: {
    readonly context: StageContext;
    readonly findings: Findings;
  },
): void {
  const [pod] = pods;
  if (!pod) return;
  const { since } = context;
  findings.waits.push(
    waitFor(pod, "budget_room", { since, watts: missingWatts }),
  );
  findings.alarms.push(alarmFor(pod, "rollout_blocked", {
    message:
      `Pod ${pod.memory.name} cannot be let in: with every other cap at its GPU's minimum ${missingWatts} W are missing.`,
    watts: missingWatts,
  }));
}

/** Every cap that is above what it is to be. Pods that do not answer are told too: they follow when they are back. */
function lowersOf(
  { levers, stuck }: FleetState,
  caps: ReadonlyMap<string, number>,
): PlannedPatch[] {
  const lowers: PlannedPatch[] = [];
  for (const lever of [...levers, ...stuck]) {
    const { pod, currentWatts, desiredWatts } = lever;
    const watts = Math.min(caps.get(pod.uid) ?? desiredWatts, currentWatts);
    const known = pod.memory.grant?.watts === watts;
    if (watts >= currentWatts && (known || pod.memory.grant?.watts)) continue;
    if (!pod.present || pod.pending?.landed || watts <= 0) continue;
    // A first grant at or below what the GPU draws anyway is a lower too, but only a report says whose GPU it is.
    if (!pod.memory.grant?.watts && !pod.placed) continue;
    lowers.push({ pod, watts, purpose: "lower" });
  }
  return lowers;
}

function grantsOf(
  units: readonly Unit[],
  caps: ReadonlyMap<string, number>,
  { context, findings }: {
    readonly context: StageContext;
    readonly findings: Findings;
  },
): PlannedPatch[] {
  const { account, budgetWatts, since } = context;
  const grants: PlannedPatch[] = [];
  for (const { pods } of units) {
    const planned = pods.map((pod) => ({
      pod,
      watts: caps.get(pod.uid) ?? 0,
      purpose: "grant" as const,
    }));
    const need = planned.reduce(
      (sum, { pod, watts }) =>
        sum + account.wattsWith(pod, watts) - account.watts,
      0,
    );
    const missing = account.watts + need - budgetWatts;
    if (missing > 0) {
      for (const { pod } of planned) {
        const wait = waitFor(pod, "budget_room", { since, watts: missing });
        findings.waits.push(wait);
      }
      continue;
    }
    for (const patch of planned) {
      if (!hasRoom(patch, context)) continue;
      account.charge(patch.pod, patch.watts);
      grants.push(patch);
    }
  }
  return grants;
}

/** C2: Σ others' charges + gpus × max(own charge, new watts) ≤ budget in force. */
function hasRoom(
  { pod, watts }: PlannedPatch,
  { account, budgetWatts }: StageContext,
): boolean {
  return watts > 0 &&
    account.wattsWith(pod, Math.max(watts, account.ownWatts(pod.uid))) <=
      budgetWatts;
}

function raisesOf(
  levers: readonly Lever[],
  caps: ReadonlyMap<string, number>,
  { context, findings }: {
    readonly context: StageContext;
    readonly findings: Findings;
  },
): PlannedPatch[] {
  const { account, budgetWatts, since } = context;
  const raises: PlannedPatch[] = [];
  for (const { pod, currentWatts } of levers) {
    const watts = caps.get(pod.uid) ?? currentWatts;
    if (watts <= currentWatts) continue;
    const obstacle = obstacleTo(pod, context);
    if (obstacle) {
      findings.waits.push(waitFor(pod, obstacle, { since }));
      continue;
    }
    const patch = { pod, watts, purpose: "raise" as const };
    if (hasRoom(patch, context)) {
      account.charge(pod, watts);
      raises.push(patch);
      continue;
    }
    const missing = account.wattsWith(pod, watts) - budgetWatts;
    findings.waits.push(
      waitFor(pod, "budget_room", { since, watts: missing }),
    );
  }
  return raises;
}

/** Generations that no report has shown yet, and those that are late. */
function lowersAwaited(
  { view, account, since }: StageContext,
  { waits, alarms }: Findings,
): void {
  for (const pod of view.pods.values()) {
    const { grant, name } = pod.memory;
    if (!pod.present || !grant || grant.watts === 0) continue;
    const late = pod.reported.find((seen) => !hasApplied(grant, seen));
    if (!late && pod.placed) continue;
    const lowering = account.ownWatts(pod.uid) > grant.watts;
    const watts = lowering
      ? (account.ownWatts(pod.uid) - grant.watts) * pod.memory.gpus
      : undefined;
    waits.push(waitFor(pod, "lower_not_confirmed", { since, watts }));
    const key = lowering ? `lower/${pod.uid}` : `grant/${pod.uid}`;
    if (
      !since.isOver(key, lowering ? DEADLINES_MS.lower : DEADLINES_MS.grant)
    ) continue;
    const gpuUuid = late?.uuid ?? pod.unseen[0];
    alarms.push(alarmFor(pod, "deadline_missed", {
      message: `GPU ${
        gpuUuid ?? "of no report"
      } of pod ${name} has not confirmed ${grant.watts} W: it stays charged ${
        account.ownWatts(pod.uid)
      } W.${late ? ` ${late.report.reason}` : ""}`.trim(),
      gpuUuid,
      watts: account.ownWatts(pod.uid),
    }));
  }
}

function withStuck(
  caps: ReadonlyMap<string, number>,
  { stuck }: FleetState,
): ReadonlyMap<string, number> {
  const all = new Map(caps);
  for (const { pod, desiredWatts, currentWatts } of stuck) {
    all.set(pod.uid, Math.min(desiredWatts, currentWatts));
  }
  return all;
}
