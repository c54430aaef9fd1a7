/** The node's report, made of what the last pass read back (R40): never of what was asked for. @module */

import {
  formatGeneration,
  type GpuPowerReport,
  type NodePowerReport,
} from "../cluster/mod.ts";
import { ownersOf } from "./entry.ts";
import { type GpuStatus, limitWattsOf } from "./status.ts";

/** What a report says about the node. */
export interface NodeFacts {
  readonly nodeName: string;
  readonly agentVersion: string;
  readonly bootId: string;
  readonly driverSession: string;
  readonly safeDefaultWatts: number;
}

/** Share of time that the power cap held clocks down, between two reports of one GPU. */
export class CappedShare {
  readonly #last = new Map<string, { violation: bigint; atMs: number }>();

  /** @returns 0…1, or undefined on the first reading and where the device does not say */
  next(status: GpuStatus, nowMs: number): number | undefined {
    const { uuid } = status.identity;
    const violation = status.telemetry?.powerViolationNanoseconds;
    if (violation === undefined) return undefined;
    const before = this.#last.get(uuid);
    this.#last.set(uuid, { violation, atMs: nowMs });
    if (!before || nowMs <= before.atMs || violation < before.violation) {
      return undefined;
    }
    const heldMs = Number(violation - before.violation) / 1e6;
    return Math.min(heldMs / (nowMs - before.atMs), 1);
  }
}

/** The report of one instant. */
export function reportOf(
  statuses: readonly GpuStatus[],
  facts: NodeFacts,
  moment: {
    readonly sequence: number;
    readonly observedAt: Date;
    readonly share: (status: GpuStatus) => number | undefined;
  },
): NodePowerReport {
  return {
    ...facts,
    observedAt: moment.observedAt,
    sequence: moment.sequence,
    gpus: statuses.map((status) => gpuReport(status, moment.share(status))),
  };
}

function gpuReport(
  status: GpuStatus,
  powerCappedShare: number | undefined,
): GpuPowerReport {
  const { identity, decision, outcome, telemetry, entry } = status;
  const { limits } = outcome;
  const owner = entry?.applied?.owners.find(({ uid }) =>
    uid === decision.pod?.uid
  );
  // Without a limit that was just read, nothing is confirmed.
  const confirmed = limits !== undefined;
  return {
    uuid: identity.uuid,
    index: identity.index,
    model: identity.model,
    minWatts: limits?.minWatts,
    maxWatts: limits?.maxWatts,
    defaultWatts: limits?.defaultWatts,
    requestedWatts: decision.requestedWatts,
    effectiveWatts: limits?.enforcedWatts ?? limits?.managementWatts,
    limitWatts: limitWattsOf(outcome),
    drawWatts: telemetry?.drawWatts,
    powerCappedShare,
    appliedGeneration: confirmed ? owner?.generation : undefined,
    occupancy: decision.occupancy,
    gate: status.gate,
    persistenceMode: telemetry?.persistenceMode,
    pod: decision.pod,
    state: outcome.state,
    reason: outcome.reason.slice(0, 300),
  };
}

/** What of a report is worth sending at once when it changes; draw and time are not. */
export function essenceOf(statuses: readonly GpuStatus[]): string {
  return JSON.stringify(statuses.map((status) => {
    const { identity, decision, outcome, gate, telemetry, entry } = status;
    return [
      identity.uuid,
      outcome.limits,
      decision.requestedWatts,
      decision.occupancy,
      decision.pod?.uid,
      gate,
      telemetry?.persistenceMode,
      outcome.state,
      outcome.reason,
      ownersOf(entry).map(({ uid, generation }) =>
        generation ? `${uid} ${formatGeneration(generation)}` : uid
      ),
    ];
  }));
}
