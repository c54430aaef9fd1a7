/** Writes that the server refuses are asked for again more and more rarely: permission does not come back by asking. @module */

import type { Step, StepOutcome } from "../core/mod.ts";

/** The first pause after a refusal, and the longest, milliseconds. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

interface Pause {
  readonly untilMs: number;
  readonly pauseMs: number;
}

/** Remembers what was refused, by what it was; at most one entry a pod or side that is written to. */
export class Refusals {
  readonly #pauses = new Map<string, Pause>();
  /** What the last Lease PUT that succeeded said. */
  #lease: string | undefined;

  /**
   * The steps that are sent now. A Lease PUT that only renews, for steps that all wait, waits with them: its own event
   * would wake the loop at once, and so on for ever.
   *
   * @param isSafe steps that never add a watt; they wait for the first pause only
   */
  due(
    steps: readonly Step[],
    nowMs: number,
    isSafe: (step: Step) => boolean,
  ): readonly Step[] {
    if (this.#pauses.size === 0) return steps;
    const waits = (step: Step) => {
      const pause = this.#pauses.get(keyOf(step));
      if (!pause || step.kind === "lease") return false;
      const shortened = isSafe(step) ? pause.pauseMs - FIRST_PAUSE_MS : 0;
      return nowMs < pause.untilMs - Math.max(0, shortened);
    };
    const due = steps.filter((step) => !waits(step));
    if (due.length === steps.length) return steps;
    const isForNothing = due.every((step) =>
      isSafe(step) || step.kind === "lease" && leaseOf(step) === this.#lease
    );
    return isForNothing ? due.filter(({ kind }) => kind !== "lease") : due;
  }

  settled(step: Step, outcome: StepOutcome, nowMs: number): void {
    if (step.kind === "lease") {
      if (outcome.kind === "done") this.#lease = leaseOf(step);
      return;
    }
    const key = keyOf(step);
    if (outcome.kind !== "refused") {
      this.#pauses.delete(key);
      return;
    }
    const before = this.#pauses.get(key);
    const pauseMs = before
      ? Math.min(LONGEST_PAUSE_MS, before.pauseMs * 2)
      : FIRST_PAUSE_MS;
    this.#pauses.set(key, { pauseMs, untilMs: nowMs + pauseMs });
    this.#forget(nowMs);
  }

  /** What has not been asked for since its pause ended is not asked for any more. */
  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#pauses) {
      if (nowMs > untilMs + LONGEST_PAUSE_MS) this.#pauses.delete(key);
    }
  }
}

function keyOf(step: Step): string {
  switch (step.kind) {
    case "lease":
      return "lease";
    case "patch":
      return `pod ${step.pod.uid}`;
    case "scale":
      return `scale ${step.side}`;
  }
}

function leaseOf(
  { epoch, budgetWatts }: Extract<Step, { kind: "lease" }>,
): string {
  return `${epoch} ${budgetWatts ?? ""}`;
}
