/** What leaves the core about caps and replicas: ordered steps, and what is waited for (R43). @module */

import type { Generation } from "../../../cluster/protocol/mod.ts";
import type { Side } from "../side.ts";
import type { Step } from "./step.ts";

/** One GPU, or one pod whose GPUs no report names yet, and what it is charged (`cap-protocol.md` §5). */
export interface Charge {
  /** UUID of the GPU; undefined for GPUs that no report places yet. */
  readonly gpuUuid: string | undefined;
  /** GPUs that the line stands for; more than 1 only without a UUID. */
  readonly gpus: number;
  readonly nodeName: string | undefined;
  readonly podUid: string | undefined;
  readonly podName: string | undefined;
  readonly side: Side | undefined;
  /** Watts a GPU. */
  readonly watts: number;
  /** Which row of §5 charged it, in words: `granted and applied`, `vanished pod`, `unknown occupancy`, … */
  readonly because: string;
}

/** What a transition waits for before its next step. */
export interface Wait {
  readonly kind:
    | "lower_not_confirmed"
    | "pod_not_placed"
    | "pod_terminating"
    | "gate_not_ready"
    | "write_unresolved"
    | "take_over"
    | "rollout"
    | "agent_silent"
    | "budget_room"
    | "other_scaler"
    | "start_up";
  readonly podName: string | undefined;
  readonly nodeName: string | undefined;
  readonly gpuUuid: string | undefined;
  readonly generation: Generation | undefined;
  /** Watts that become free, or that are missing. */
  readonly watts: number | undefined;
  readonly sinceMs: number;
}

/** Something a person must look at; it never releases a charge (C9). */
export interface Alarm {
  readonly kind:
    | "deadline_missed"
    | "agent_silent"
    | "node_lost"
    | "gate_missing"
    | "persistence_off"
    | "foreign_raise"
    | "safe_default_differs"
    | "rollout_blocked"
    | "step_down"
    | "over_budget";
  readonly message: string;
  readonly nodeName: string | undefined;
  readonly podName: string | undefined;
  readonly gpuUuid: string | undefined;
  readonly watts: number | undefined;
}

/** The next steps towards the targets, with the ledger that allows them. */
export interface Transition {
  /** In the order in which they have to be applied; empty: settled, or everything waits. */
  readonly steps: readonly Step[];
  readonly waits: readonly Wait[];
  readonly alarms: readonly Alarm[];
  readonly charges: readonly Charge[];
  /** Σ charge × GPUs, watts. */
  readonly chargedWatts: number;
  /** min(own configuration, Lease) (C17). */
  readonly budgetInForceWatts: number;
  /** The ledger is within the newest budget (C16), and no write of an earlier leader can land any more (C12). */
  readonly compliant: boolean;
  /** A cut under way: the claim still is the old budget, since then (C16). Absent: none. */
  readonly cut?: {
    readonly fromWatts: number;
    readonly toWatts: number;
    readonly sinceMs: number;
  };
  /** The targets have no safe path: watts that are missing (R43). */
  readonly unreachable: { readonly missingWatts: number } | undefined;
  /** Replicas and caps are as the targets say and everything is confirmed. */
  readonly settled: boolean;
}
