/** What the ledger remembers from one stage to the next: a plain value that may be lost at any instant. @module */

import type { Grant } from "../../../cluster/protocol/mod.ts";
import type { Side } from "../side.ts";

/** Where this process stands as a leader. */
export type Reign =
  /** Not the leader, or its Lease not read yet. */
  | { readonly kind: "none" }
  /** The Lease is won and the epoch sent; nothing is written before it is confirmed (C11). */
  | {
    readonly kind: "claimed";
    readonly epoch: number;
    /** `leaseTransitions` when the Lease was won; another number is another win. */
    readonly transitions?: number | undefined;
    readonly unstamped: readonly string[];
    readonly unfenced: readonly Side[];
  }
  | {
    readonly kind: "held";
    readonly epoch: number;
    readonly transitions?: number | undefined;
    /** UIDs of pods that were listed at the take-over and carry no generation of ours yet (C12, C13). */
    readonly unstamped: readonly string[];
    /** Sides whose scaler no write of ours has touched yet; without a gate growth waits for it (C13). */
    readonly unfenced: readonly Side[];
  }
  /** A higher epoch was found: somebody else leads (C5). Ends when the Lease is seen to be another's or won anew. */
  | {
    readonly kind: "stepped_down";
    readonly foundEpoch: number;
    readonly transitions: number | undefined;
  };

/** A pod as last seen. Kept after its object has vanished until a report proves its GPUs free (C8). */
export interface PodMemory {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string | undefined;
  readonly side: Side;
  readonly gpus: number;
  readonly gated: boolean;
  readonly terminating: boolean;
  readonly resourceVersion: string;
  /** The newest grant seen on it. */
  readonly grant: Grant | undefined;
  /** GPUs on which a report has seen it, by UUID: watts charged last. */
  readonly placed: Readonly<Record<string, number>>;
  /** GPUs of it that no report has named, and the watts charged last for each. */
  readonly unplacedGpus: number;
  readonly unplacedWatts: number;
  /** It has not been seen to serve since it began. */
  readonly loading?: boolean;
  /** Present once the object has vanished: the sequence of its node's report at that moment. */
  readonly vanishedAtSequence?: number;
  /** It vanished before it was stamped: a grant of an earlier leader may have been applied unseen. */
  readonly vanishedUnstamped?: boolean;
}

/** How new a node's report is, in the node's own terms. */
export interface NodeMemory {
  readonly sequence: number;
  readonly observedAtMs: number;
  /** When the planner saw the sequence move last, on the planner's clock. */
  readonly movedAtMs: number;
}

/** A patch whose effect is not visible in the pod's version yet (C7). */
export interface PendingWrite {
  readonly podUid: string;
  /** The precondition it was sent with: once the pod is seen beyond it, the write has landed or is dead. */
  readonly resourceVersion: string;
  /** The largest watts among the writes with this precondition. */
  readonly watts: number;
  /** The server said that it landed; only our view is behind. */
  readonly landed: boolean;
}

/** The ledger's memory. JSON in, JSON out. */
export interface LedgerState {
  readonly reign: Reign;
  /** The last sequence used in this epoch. */
  readonly sequence: number;
  readonly pods: Readonly<Record<string, PodMemory>>;
  readonly nodes: Readonly<Record<string, NodeMemory>>;
  readonly writes: readonly PendingWrite[];
  /** Since when something is waited for, by what it is. */
  readonly since: Readonly<Record<string, number>>;
  /** Our own configured budget: since when it has been this, and whether it may count as larger (C17). */
  readonly ownBudget:
    | {
      readonly watts: number;
      readonly sinceMs: number;
      readonly trusted: boolean;
    }
    | undefined;
  /** A cut that is not complied with yet (C16). */
  readonly cut:
    | {
      readonly fromWatts: number;
      readonly toWatts: number;
      readonly sinceMs: number;
    }
    | undefined;
  /** The budget that was last complied with. */
  readonly compliedWatts: number | undefined;
}

/** The memory of a process that has just started. */
export function initialLedger(): LedgerState {
  return {
    reign: { kind: "none" },
    sequence: 0,
    pods: {},
    nodes: {},
    writes: [],
    since: {},
    ownBudget: undefined,
    cut: undefined,
    compliedWatts: undefined,
  };
}
