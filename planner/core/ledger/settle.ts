/** What an outcome teaches the ledger (C7, C12). Pure. @module */

import type { LedgerState, Reign } from "./ledger_state.ts";
import { withPending } from "./pending.ts";
import type { Step, StepOutcome } from "./step.ts";

/** Takes note of one step's outcome. Nothing is ever released by it: what landed is charged until it is seen. */
export function settle(
  ledger: LedgerState,
  step: Step,
  outcome: StepOutcome,
): LedgerState {
  switch (step.kind) {
    case "lease":
      return outcome.kind === "done" ? confirmed(ledger, step.epoch) : ledger;
    case "patch":
      return patched(ledger, step, outcome);
    case "scale":
      return step.fenceEpoch !== undefined && outcome.kind === "done"
        ? { ...ledger, reign: fenced(ledger.reign, step) }
        : ledger;
  }
}

function confirmed(ledger: LedgerState, epoch: number): LedgerState {
  const { reign } = ledger;
  return reign.kind === "claimed" && reign.epoch === epoch
    ? { ...ledger, reign: { ...reign, kind: "held" } }
    : ledger;
}

function patched(
  ledger: LedgerState,
  { pod, grant }: Extract<Step, { readonly kind: "patch" }>,
  outcome: StepOutcome,
): LedgerState {
  switch (outcome.kind) {
    case "done":
    case "unanswered":
      return {
        ...ledger,
        reign: outcome.kind === "done"
          ? stamped(ledger.reign, pod.uid, grant.generation.epoch)
          : ledger.reign,
        writes: withPending(ledger.writes, {
          podUid: pod.uid,
          resourceVersion: pod.resourceVersion,
          watts: grant.watts,
          landed: outcome.kind === "done",
        }),
      };
    // Gone: the next snapshot says so, and whether it was stamped by then.
    case "gone":
    // The precondition failed or the server refused: the write is dead, and nothing of it is outstanding.
    case "conflict":
    case "refused":
      return ledger;
  }
}

function stamped(reign: Reign, uid: string, epoch: number): Reign {
  return reign.kind === "held" && reign.epoch === epoch
    ? { ...reign, unstamped: reign.unstamped.filter((one) => one !== uid) }
    : reign;
}

function fenced(
  reign: Reign,
  step: Extract<Step, { readonly kind: "scale" }>,
): Reign {
  return reign.kind === "held" && reign.epoch === step.fenceEpoch
    ? {
      ...reign,
      unfenced: reign.unfenced.filter((side) => side !== step.side),
    }
    : reign;
}
