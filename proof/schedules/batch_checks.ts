/** C4: grants and raises follow a successful PUT of the Lease in their batch, and nothing that failed after it. @module */

import type { LoopEvent } from "../../planner/mod.ts";

/** Follows the batches of one process. */
export class BatchChecks {
  /** The Lease was PUT in this batch, and nothing but grants and raises, which go out side by side, has failed since. */
  #isFenced = false;

  /** What is wrong with a step that was sent, if anything. */
  find(event: LoopEvent): string | undefined {
    if (event.kind === "staged") this.#isFenced = false;
    if (event.kind !== "step") return undefined;
    const { step, outcome } = event;
    const isDone = outcome.kind === "done" || outcome.kind === "gone";
    if (step.kind === "lease") {
      this.#isFenced = outcome.kind === "done";
      return undefined;
    }
    const adds = step.kind === "patch" &&
      (step.purpose === "grant" || step.purpose === "raise");
    if (adds && !this.#isFenced) {
      return `${step.purpose} of ${step.pod.name} follows no PUT of the Lease`;
    }
    if (!isDone && !adds) this.#isFenced = false;
    return undefined;
  }
}
