/** `NodePowerReport` v1alpha1: what one node's agent has read back from its GPUs (R40). @module */

import type { Generation } from "./generation.ts";

/** Who has a GPU, as far as the agent can prove it (C23, C24). */
export const OCCUPANCIES = ["pod", "free", "unknown"] as const;
/** Whether the pod's start waits for us: no gate, waiting in it, or let through. */
export const GATE_STATES = ["none", "waiting", "open"] as const;
/** What became of a GPU's cap. */
export const ENFORCEMENT_STATES = [
  "enforced",
  "clamped",
  "refused",
  "prearmed",
  "released",
  "unmanaged",
  "unknown",
] as const;

export type Occupancy = typeof OCCUPANCIES[number];
export type GateState = typeof GATE_STATES[number];
export type EnforcementState = typeof ENFORCEMENT_STATES[number];

/** A pod, named in full. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One GPU of a report. Watts are read back from the device, never wishes; undefined means it could not be read. */
export interface GpuPowerReport {
  readonly uuid: string;
  readonly index: number;
  readonly model: string;
  readonly minWatts?: number | undefined;
  readonly maxWatts?: number | undefined;
  readonly defaultWatts?: number | undefined;
  /** What the annotation or grant asks for. */
  readonly requestedWatts?: number | undefined;
  /** The enforced limit. */
  readonly effectiveWatts?: number | undefined;
  /** The larger of management and enforced limit: what the ledger charges. */
  readonly limitWatts?: number | undefined;
  readonly drawWatts?: number | undefined;
  /** Share of the last interval in which the power cap slowed the clocks, 0…1. */
  readonly powerCappedShare?: number | undefined;
  /** The newest generation whose watts are on the hardware and in the record (C1, C19). */
  readonly appliedGeneration?: Generation | undefined;
  readonly occupancy: Occupancy;
  readonly gate: GateState;
  readonly persistenceMode?: boolean | undefined;
  /** The pod on the GPU; with `occupancy` `unknown` the last one known (C23). */
  readonly pod?: PodIdentity | undefined;
  readonly state: EnforcementState;
  /** Why, in one sentence; empty when there is nothing to say. */
  readonly reason: string;
}

/** Everything in `status`. The object is cluster-scoped, named after the node, and outlives it. */
export interface NodePowerReport {
  readonly nodeName: string;
  /** When the hardware was read; for alarms only, never for charging. */
  readonly observedAt: Date;
  readonly agentVersion: string;
  readonly bootId: string;
  /** Changes when the driver was loaded anew, so that limits may be back at default. */
  readonly driverSession: string;
  readonly safeDefaultWatts: number;
  /** Grows with every report of this node, across restarts of the agent (C19). */
  readonly sequence: number;
  readonly gpus: readonly GpuPowerReport[];
}
