/** All that a decision about one GPU rests on, and what a decision can be. @module */

import type { CapCause, GpuEntry, Owner } from "./entry.ts";
import type {
  GpuLimits,
  GpuOwnership,
  Pod,
  PodIdentity,
  ViewFreshness,
} from "./ports.ts";

/** Choices of the operator that a decision depends on. */
export interface PolicyConfig {
  /** Cap for a pod that opted in with an unusable value, watts. */
  readonly safeDefaultWatts: number;
  /** Different caps on one GPU: the lowest of them and the safe default, or upstream's safe default. */
  readonly conflictPolicy: "min" | "safe-default";
  /** Idle GPUs are held at the safe default. */
  readonly prearm: boolean;
}

/** One GPU at one instant. */
export interface Situation {
  readonly uuid: string;
  /** What was read just now; undefined when the device did not answer. */
  readonly limits: GpuLimits | undefined;
  readonly ownership: GpuOwnership;
  readonly entry: GpuEntry | undefined;
  /** The node's pods by UID. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly view: {
    readonly freshness: ViewFreshness;
    readonly consistent: boolean;
  };
  /** The state file was read whole at start; without it nothing is written before a consistent LIST (C22). */
  readonly recordIntact: boolean;
  /** For owners on record: whether a process of theirs is left on the node. */
  readonly departing: ReadonlyMap<string, "present" | "gone" | "unknown">;
  /** Last pod by the node's own last report, when the record is gone (C23). */
  readonly hint: PodIdentity | undefined;
  /** {@linkcode vacated} has held for the grace time without a gap (C24). */
  readonly vacatedLongEnough: boolean;
}

/** Things worth counting once when they begin, not every pass. */
export type PolicyNote =
  | "multi_pod_agree"
  | "multi_pod_conflict"
  | "safe_default"
  | "unusable"
  | "clamped_min"
  | "clamped_max";

/** Whose GPU a report says it is (R40). */
export interface Occupant {
  readonly occupancy: "pod" | "free" | "unknown";
  /** The pod; with `unknown` the last one known (C23). */
  readonly pod: PodIdentity | undefined;
}

interface DecisionBase extends Occupant {
  /** Watts asked for by annotation or grant; undefined when nobody asks. */
  readonly requestedWatts: number | undefined;
  /** One sentence for a person; empty when there is nothing to say. */
  readonly reason: string;
  readonly notes: readonly PolicyNote[];
}

/** What to do about one GPU. */
export type Decision =
  /** Not ours and nobody asks: not even looked at. */
  | DecisionBase & { readonly kind: "untouched" }
  /** Ours and stays as recorded. A limit that differs is set again; upwards only when the owner is certain. */
  | DecisionBase & {
    readonly kind: "keep";
    readonly watts: number;
    readonly mayRaise: boolean;
  }
  /** Bring the limit to `watts` and remember the owners. */
  | DecisionBase & {
    readonly kind: "cap";
    readonly cause: CapCause;
    readonly watts: number;
    readonly owners: readonly Owner[];
  }
  /** A cap is wanted and cannot be set safely: the limit stays. */
  | DecisionBase & { readonly kind: "refuse" }
  /** Ours, and its owner is proven gone: back to `watts`, but only if the limit is still one of `ours`. */
  | DecisionBase & {
    readonly kind: "release";
    readonly watts: number | undefined;
    readonly ours: readonly number[];
  };
