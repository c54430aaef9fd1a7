/** What the core sees of a fleet: pods, replicas, reports, the Lease, at one instant. @module */

import type { NodePowerReport, Pod } from "../../../cluster/protocol/mod.ts";
import type { PerSide, Side } from "../side.ts";

/** A worker pod, and what it is in the fleet. */
export interface FleetPod {
  readonly pod: Pod;
  readonly side: Side;
  /** GPUs that the pod asks for. */
  readonly gpus: number;
  /** Which replica it belongs to; a replica over several nodes has several pods. */
  readonly replica: string;
  /** Its worker does not serve at this moment. Absent: it does, or nobody says. */
  readonly unready?: boolean;
}

/** The replicas of one side as the scaler sees them; undefined is unknown, never zero. */
export interface SideInventory {
  /** What the scaler is set to. */
  readonly targetReplicas: number | undefined;
  /** What serves. */
  readonly readyReplicas: number | undefined;
  /** Replicas that start up and do not serve yet, while nothing drains and nothing rolls out (P36). */
  readonly startingReplicas: number;
  /** `rolling`: desired, updated and serving differ, or old pods drain (P50); `failed`: the rollout gave up. */
  readonly rollout: "settled" | "rolling" | "failed" | "unknown";
  /** GPUs of one replica over all its pods, side cars included (P37); undefined where nothing says so. */
  readonly gpusPerReplica: number | undefined;
  /** Version of what is scaled: the precondition of a scale step (C13 without a gate). Absent: the fleet has none. */
  readonly resourceVersion?: string | undefined;
  /** Cap on the deployment's pod template, watts a GPU (`power_cap_owner: deployment`); undefined where nothing says so. */
  readonly authoredCapWatts?: number | undefined;
  /** Who else scales it, in words: it is not fought over, so this planner leaves its replicas alone. */
  readonly scaledBy?: string | undefined;
}

/** The planner's Lease as read (`cap-protocol.md` §2). */
export interface LeaseFacts {
  readonly heldByUs: boolean;
  readonly holder: string | undefined;
  readonly epoch: number;
  /** `spec.leaseTransitions`. */
  readonly transitions: number;
  /** Budget in force that the Lease carries, watts (C15, C17). */
  readonly budgetWatts: number | undefined;
  readonly resourceVersion: string;
}

/** Everything that is known about the fleet at one instant. */
export interface FleetSnapshot {
  readonly atMs: number;
  /**
   * Pods and reports come from consistent LISTs sent after the Lease was won, and watches since (C11, C14). While
   * false nothing is granted or raised.
   */
  readonly consistent: boolean;
  readonly sides: PerSide<SideInventory>;
  readonly pods: readonly FleetPod[];
  /** The newest report seen of each node on which pods of the deployment run, ran, or can be placed. */
  readonly reports: readonly NodePowerReport[];
  /**
   * UIDs of pods that exist and belong to something else: their GPUs are not ours to charge. A pod that a report names
   * and that is in neither list is one of ours that vanished.
   */
  readonly otherPodUids?: readonly string[];
  /** Nodes that a person has declared dead with the taint `node.kubernetes.io/out-of-service` (C28). */
  readonly outOfServiceNodes?: readonly string[];
  /** Undefined where the fleet has no Lease to win: one process in a simulation. */
  readonly lease: LeaseFacts | undefined;
  /** A person has paused the deployment where it is described: decide, and write nothing (`SPEC.md` §4). */
  readonly paused?: boolean;
  /** What keeps the fleet from being driven as it should, one sentence each; none: absent or empty. */
  readonly problems?: readonly string[];
}
