/** What a simulated agent reports of one GPU: what was read back, never what was asked for (R40). Pure. @module */

import {
  type Decision,
  gateStateOf,
  type GpuEntry,
  type Owner,
} from "../../agent/rules/mod.ts";
import type { GpuPowerReport, Pod } from "../../cluster/mod.ts";
import type { NodeGpu, SimulatedNode } from "./node.ts";

/** The owner on record with this UID. */
export function ownerOn({ entry }: NodeGpu, uid: string): Owner | undefined {
  return entry?.applied?.owners.find((owner) => owner.uid === uid);
}

/** One GPU's part of a report. */
export function reportOfGpu(
  gpu: NodeGpu,
  { node, pods, decision }: {
    readonly node: SimulatedNode;
    readonly pods: ReadonlyMap<string, Pod>;
    readonly decision: Decision;
  },
): GpuPowerReport {
  const { facts } = node;
  const uid = decision.pod?.uid;
  const owner = uid === undefined ? undefined : ownerOn(gpu, uid);
  const placed = uid !== undefined && gpu.podUid === uid
    ? node.running.has(uid) ? "both" as const : "kubelet" as const
    : undefined;
  return {
    uuid: gpu.uuid,
    index: gpu.index,
    model: facts.model,
    minWatts: facts.minWatts,
    maxWatts: facts.maxWatts,
    defaultWatts: facts.defaultWatts,
    requestedWatts: decision.requestedWatts,
    effectiveWatts: node.enforcedWatts(gpu),
    limitWatts: gpu.limitWatts,
    drawWatts: gpu.drawWatts,
    powerCappedShare: gpu.cappedShare,
    appliedGeneration: owner?.generation,
    occupancy: decision.occupancy,
    gate: gateStateOf({
      pod: uid === undefined ? undefined : pods.get(uid),
      owner,
      placed,
      bootId: node.bootId,
    }),
    persistenceMode: true,
    pod: decision.pod,
    state: stateOf(gpu, decision),
    reason: decision.reason,
  };
}

/** Whether two reports of one GPU differ in what it draws at most: nothing that is worth a report of its own. */
export function saysTheSame(a: GpuPowerReport, b: GpuPowerReport): boolean {
  return a === b ||
    a.limitWatts === b.limitWatts && a.effectiveWatts === b.effectiveWatts &&
      a.requestedWatts === b.requestedWatts && a.state === b.state &&
      a.reason === b.reason && a.occupancy === b.occupancy &&
      a.gate === b.gate && a.pod?.uid === b.pod?.uid &&
      a.appliedGeneration?.epoch === b.appliedGeneration?.epoch &&
      a.appliedGeneration?.sequence === b.appliedGeneration?.sequence;
}

/** Whether two records of one GPU say the same. */
export function sameEntry(
  a: GpuEntry | undefined,
  b: GpuEntry | undefined,
): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function stateOf(gpu: NodeGpu, decision: Decision): GpuPowerReport["state"] {
  switch (decision.kind) {
    case "untouched":
      return decision.occupancy === "unknown" && decision.reason !== ""
        ? "unknown"
        : "unmanaged";
    case "refuse":
      return "refused";
    case "release":
      // The entry stays until the device has taken the limit back.
      return gpu.entry === undefined ? "released" : "refused";
    case "keep":
    case "cap":
      if (decision.kind === "keep" && decision.occupancy === "unknown") {
        if (!decision.mayRaise) return "unknown";
      } else if (gpu.limitWatts !== decision.watts) return "refused";
      if (gpu.entry?.applied?.cause === "prearm") return "prearmed";
      return decision.requestedWatts !== undefined &&
          decision.requestedWatts !== gpu.entry?.applied?.watts
        ? "clamped"
        : "enforced";
  }
}
