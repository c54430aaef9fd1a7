/** One write to a fleet, and what became of it. @module */

import type { Grant } from "../../../cluster/protocol/mod.ts";
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
    /** Precondition where the side has one; a fleet answers `conflict` when it has moved. */
    readonly resourceVersion?: string | undefined;
    /**
     * Present on a fence: the number stays, and the object must change all the same (the epoch is written on it), so
     * that scale writes of earlier leaders still under way die (C13 without a gate).
     */
    readonly fenceEpoch?: number;
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

/**
 * What is left to apply after a step and its outcome. A Lease PUT that did not succeed takes everything with it that
 * could raise a limit (C4); lowers, stamps and scale-downs go on.
 */
export function stepsAfter(
  rest: readonly Step[],
  step: Step,
  outcome: StepOutcome,
): readonly Step[] {
  return step.kind === "lease" && outcome.kind !== "done"
    ? rest.filter((next) => !followsLease(next))
    : rest;
}

/** Whether a step may only be applied after a Lease PUT of its batch has succeeded (C4). */
export function followsLease(step: Step): boolean {
  switch (step.kind) {
    case "lease":
      return false;
    case "patch":
      return step.purpose === "grant" || step.purpose === "raise";
    case "scale":
      return step.fenceEpoch !== undefined ||
        step.fromReplicas === undefined || step.replicas > step.fromReplicas;
  }
}
