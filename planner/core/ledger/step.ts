/** One write to a fleet, and what became of it. @module */

import type { Grant } from "../../../cluster/mod.ts";
import type { Side } from "../side.ts";

/** Which pod a patch is for; uid and resourceVersion are its preconditions (C5). */
export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** One write. Steps are applied in order; what a step waits for is not a step. */
export type Step =
  /** Renews the Lease with its resourceVersion, before a batch of grants and raises (C4), or to change the budget. */
  | {
    readonly kind: "lease";
    readonly epoch: number;
    readonly budgetWatts: number | undefined;
    readonly resourceVersion: string;
  }
  /** Both annotations of one pod in one patch; a claim (0 W) carries no limit annotation. */
  | {
    readonly kind: "patch";
    readonly pod: PodReference;
    readonly grant: Grant;
    readonly purpose: "claim" | "stamp" | "lower" | "grant" | "raise";
  }
  | {
    readonly kind: "scale";
    readonly side: Side;
    readonly replicas: number;
    readonly fromReplicas: number | undefined;
  };

/** What became of a step. */
export type StepOutcome =
  | { readonly kind: "done" }
  /** The precondition failed (409): read again, decide again. */
  | { readonly kind: "conflict"; readonly reason: string }
  /** The object is not there any more; not an error (R27). */
  | { readonly kind: "gone" }
  /** Refused for good by the server: permission, validation, an adapter that belongs to someone else. */
  | { readonly kind: "refused"; readonly reason: string }
  /** No answer: it may have landed or may still land (C7). */
  | { readonly kind: "unanswered"; readonly reason: string };
