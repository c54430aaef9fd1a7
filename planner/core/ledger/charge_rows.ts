/** What one pod is charged on one GPU: the rows of `cap-protocol.md` §5 and §6. Pure. @module */

import {
  compareGenerations,
  type Grant,
} from "../../../cluster/protocol/mod.ts";
import type { GpuWatts } from "../capacity.ts";
import type { SeenGpu } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import { isGated, type LedgerSettings } from "./ledger_settings.ts";

/** Watts, and the row that says so. */
export interface Row {
  readonly watts: number;
  readonly because: string;
}

/** Limits are read in milliwatts; a thousandth above a whole number is that number. */
export function wholeWatts(watts: number): number {
  return Math.ceil(watts - 0.001);
}

/** A pod's charge on a GPU that a report says it is on. */
export function chargeOn(
  pod: LedgerPod,
  seen: SeenGpu,
  settings: LedgerSettings,
): Row {
  const row = rowOn(pod, seen, settings);
  // Landed or not, a write of ours is charged until the pod is seen beyond it (C7).
  return pod.pending && pod.pending.watts > row.watts
    ? { watts: pod.pending.watts, because: "write under way" }
    : row;
}

function rowOn(pod: LedgerPod, seen: SeenGpu, settings: LedgerSettings): Row {
  if (settings.capOwner === "deployment") return ownedRow(pod, seen, settings);
  if (!pod.present) return vanishedRow(pod, seen, settings);
  if (!isGated(settings)) return ungatedModeRow(pod, seen, settings);
  if (!pod.memory.gated) {
    const { grant } = pod.memory;
    return {
      watts: Math.max(
        defaultWatts(seen, settings.gpu),
        limitOf(seen) ?? maxWatts(seen, settings.gpu),
        grant?.watts ?? 0,
        grant?.boundWatts ?? 0,
      ),
      because: "pod without the gate",
    };
  }
  return gatedRow(pod.memory.grant, seen, settings.gpu);
}

/** Rows one to three: nothing is drawn behind the gate but by a grant. */
function gatedRow(
  grant: Grant | undefined,
  seen: SeenGpu,
  gpu: GpuWatts,
): Row {
  const open = seen.report.gate !== "waiting";
  const limit = limitOf(seen);
  if (grant === undefined) {
    return open
      ? {
        watts: limit ?? maxWatts(seen, gpu),
        because: "runs without a grant",
      }
      : { watts: 0, because: "waits in the gate" };
  }
  const openLimit = open ? limit ?? 0 : 0;
  return hasApplied(grant, seen)
    ? {
      watts: Math.max(grant.watts, openLimit),
      because: "granted and applied",
    }
    : {
      watts: Math.max(grant.watts, grant.boundWatts, openLimit),
      because: grant.watts === 0 ? "claimed" : "granted, not confirmed",
    };
}

/** The object is gone; its GPU is not until a report says so (C8). */
function vanishedRow(
  { memory }: LedgerPod,
  seen: SeenGpu,
  settings: LedgerSettings,
): Row {
  const last = memory.placed[seen.uuid] ?? memory.unplacedWatts;
  const open = seen.report.gate !== "waiting";
  const least = isGated(settings) ? 0 : startWattsOf(seen, settings);
  return {
    watts: Math.max(
      memory.vanishedUnstamped ? maxWatts(seen, settings.gpu) : last,
      open ? limitOf(seen) ?? 0 : 0,
      least,
    ),
    because: "vanished pod",
  };
}

/**
 * Without a gate a GPU draws from the moment a pod is on it: only a confirmed cap is below the start's watts (§6). Once one
 * of the pod's grants is confirmed, a newer one that is under way costs its bound, as with a gate: it bounds all before it (C6).
 */
function ungatedModeRow(
  { memory: { grant } }: LedgerPod,
  seen: SeenGpu,
  settings: LedgerSettings,
): Row {
  const limit = limitOf(seen) ?? maxWatts(seen, settings.gpu);
  if (grant && grant.watts > 0 && hasApplied(grant, seen)) {
    return {
      watts: Math.max(grant.watts, limit),
      because: "granted and applied",
    };
  }
  if (grant && grant.watts > 0 && seen.report.appliedGeneration) {
    return {
      watts: Math.max(grant.watts, grant.boundWatts, limit),
      because: "granted, not confirmed",
    };
  }
  return {
    watts: Math.max(
      startWattsOf(seen, settings),
      limit,
      grant?.watts ?? 0,
      grant?.boundWatts ?? 0,
    ),
    because: "start not confirmed",
  };
}

/** Caps that the deployment owns: what its template says, for want of anything to check it by. */
function ownedRow(
  pod: LedgerPod,
  seen: SeenGpu,
  settings: LedgerSettings,
): Row {
  return {
    watts: pod.powerLimitWatts ?? defaultWatts(seen, settings.gpu),
    because: "cap of the deployment",
  };
}

/** A pod's charge for each of its GPUs that no report has: `no entry`, as if not applied. */
export function chargeUnreported(
  pod: LedgerPod,
  { last, settings }: {
    /** Watts charged last, for a vanished pod. */
    readonly last: number;
    readonly settings: LedgerSettings;
  },
): Row {
  const { memory } = pod;
  const { grant } = memory;
  const pending = pod.pending?.watts ?? 0;
  const granted = Math.max(
    grant?.watts ?? 0,
    grant?.boundWatts ?? 0,
    pending,
  );
  if (settings.capOwner === "deployment") {
    return {
      watts: pod.powerLimitWatts ?? settings.gpu.maxWatts,
      because: "cap of the deployment",
    };
  }
  if (!pod.present) {
    const watts = memory.vanishedUnstamped && last > 0
      ? settings.gpu.maxWatts
      : last;
    return { watts, because: "vanished pod, no report" };
  }
  if (isGated(settings) && memory.gated) {
    return { watts: granted, because: "granted, no report" };
  }
  return {
    watts: Math.max(granted, startWattsOf(undefined, settings)),
    because: isGated(settings) ? "pod without the gate" : "start, no report",
  };
}

/** A GPU that nobody we know is on. */
export function chargeVacant(
  seen: SeenGpu,
  settings: LedgerSettings,
): Row {
  const { occupancy, pod } = seen.report;
  if (settings.capOwner === "deployment") {
    return { watts: 0, because: "no pod" };
  }
  if (occupancy === "pod" || occupancy === "unknown") {
    return {
      watts: maxWatts(seen, settings.gpu),
      because: pod ? "pod that was never seen" : "unknown occupancy",
    };
  }
  return isGated(settings) ? { watts: 0, because: "free" } : {
    watts: Math.max(startWattsOf(seen, settings), limitOf(seen) ?? 0),
    because: "a start may come",
  };
}

/** S of §6: what a GPU may draw that a start falls on; undefined: one that no report describes. */
export function startWattsOf(
  seen: SeenGpu | undefined,
  settings: LedgerSettings,
): number {
  const armed = settings.startMode === "prearm" && settings.armedAtBoot;
  if (armed) return settings.safeDefaultWatts;
  return seen ? defaultWatts(seen, settings.gpu) : settings.gpu.maxWatts;
}

/** Watts that the GPU goes back to when its driver forgets. */
export function defaultWatts({ report }: SeenGpu, gpu: GpuWatts): number {
  return wholeWatts(report.defaultWatts ?? report.maxWatts ?? gpu.maxWatts);
}

function maxWatts({ report }: SeenGpu, gpu: GpuWatts): number {
  return wholeWatts(
    Math.max(report.maxWatts ?? gpu.maxWatts, report.limitWatts ?? 0),
  );
}

function limitOf({ report }: SeenGpu): number | undefined {
  return report.limitWatts === undefined
    ? undefined
    : wholeWatts(report.limitWatts);
}

/** C1: a report shows this generation, or a newer one, on the hardware. */
export function hasApplied(grant: Grant, { report }: SeenGpu): boolean {
  const applied = report.appliedGeneration;
  return applied !== undefined &&
    compareGenerations(applied, grant.generation) >= 0;
}
