/** Becoming and staying the leader: epoch, fences, stamps (C11–C14), stepping down (C5). Pure. @module */

import type { Side } from "../side.ts";
import type { FleetView } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated, type LedgerSettings } from "./ledger_settings.ts";
import type { LedgerState, Reign } from "./ledger_state.ts";
import type { FleetSnapshot } from "./snapshot.ts";

/** What a stage finds about its own reign before it plans anything. */
export function reignOf(
  ledger: LedgerState,
  snapshot: FleetSnapshot,
  { view, settings }: {
    readonly view: FleetView;
    readonly settings: LedgerSettings;
  },
): Reign {
  const { lease } = snapshot;
  if (lease && !lease.heldByUs) return { kind: "none" };
  const highest = highestEpoch(view, snapshot);
  const reign = wonAnew(ledger.reign, lease) ? NO_REIGN : ledger.reign;
  switch (reign.kind) {
    case "held": {
      if (highest <= reign.epoch) return stillUnstamped(reign, view);
      if (lease) {
        return {
          kind: "stepped_down",
          foundEpoch: highest,
          transitions: lease.transitions,
        };
      }
      break;
    }
    case "stepped_down":
      if (lease && lease.transitions === reign.transitions) return reign;
      break;
    case "claimed":
      // The answer to the PUT got lost, the PUT did not.
      if (lease && lease.epoch === reign.epoch && highest <= reign.epoch) {
        return stillUnstamped({ ...reign, kind: "held" }, view);
      }
      break;
    case "none":
      break;
  }
  if (!snapshot.consistent) return { kind: "none" };
  const claim = {
    transitions: lease?.transitions,
    epoch: 1 + Math.max(lease?.transitions ?? 0, highest),
    unstamped: [...view.pods.values()].filter((pod) =>
      pod.present && needsStamp(pod, settings)
    ).map(({ uid }) => uid),
    unfenced: isGated(settings)
      ? []
      : Object.keys(snapshot.sides).filter(isSide),
  };
  return { kind: lease ? "claimed" : "held", ...claim };
}

const NO_REIGN: Reign = { kind: "none" };

/**
 * The Lease has changed hands and come back between two looks: a process that was frozen meanwhile reigns no more. It
 * takes over from whoever reigned in between, as it would from anybody (C11).
 */
function wonAnew(reign: Reign, lease: FleetSnapshot["lease"]): boolean {
  return lease !== undefined &&
    (reign.kind === "held" || reign.kind === "claimed") &&
    reign.transitions !== undefined && reign.transitions !== lease.transitions;
}

/** The reign of a leader who has stamped everything, for plans that are never carried out. */
export function assumedReign(
  view: FleetView,
  snapshot: FleetSnapshot,
): Extract<Reign, { kind: "held" }> {
  return {
    kind: "held",
    epoch: 1 + Math.max(
      snapshot.lease?.transitions ?? 0,
      highestEpoch(view, snapshot),
    ),
    unstamped: [],
    unfenced: [],
  };
}

/** Granted or in the gate, live or terminating (C12). */
function needsStamp(pod: LedgerPod, settings: LedgerSettings): boolean {
  return settings.capOwner === "planner" &&
    (pod.memory.grant !== undefined || pod.memory.gated);
}

/** Stamped once a generation of ours is seen on it, or it is gone. */
function stillUnstamped(
  reign: Extract<Reign, { kind: "held" }>,
  view: FleetView,
): Reign {
  const unstamped = reign.unstamped.filter((uid) => {
    const pod = view.pods.get(uid);
    return pod?.present === true &&
      pod.memory.grant?.generation.epoch !== reign.epoch;
  });
  return { ...reign, unstamped };
}

/** Every epoch that grants, reports and Lease have (C11). */
function highestEpoch(view: FleetView, { lease }: FleetSnapshot): number {
  let highest = lease?.epoch ?? 0;
  for (const { memory } of view.pods.values()) {
    highest = Math.max(highest, memory.grant?.generation.epoch ?? 0);
  }
  for (const { report } of view.gpus.values()) {
    // Generations are compared within one pod; another deployment's planner counts its own epochs.
    const uid = report.pod?.uid;
    if (uid !== undefined && view.otherPodUids.has(uid)) continue;
    highest = Math.max(highest, report.appliedGeneration?.epoch ?? 0);
  }
  return highest;
}

function isSide(side: string): side is Side {
  return side === "prefill" || side === "decode" || side === "agg";
}
