/** The decision: one pure function from what is known to what is to be (R20). @module */

import { passBoundary } from "./boundary.ts";
import type { Decision } from "./decision.ts";
import { decisionOf } from "./decision_of.ts";
import { nextState } from "./next_state.ts";
import { propose } from "./proposals.ts";
import { type DecisionInput, see } from "./seen.ts";
import type { PlannerState } from "./state.ts";

/**
 * Observed → corrected → predicted → searched → proposed → within GPUs → within watts.
 *
 * Pure: no I/O, no clock, no randomness. With power awareness the targets never pass the budget, whatever was
 * observed, except under `budget_below_floor: hold_floor`, which declares the excess. A model that throws is a reason,
 * never an exception.
 *
 * @returns the state for the next call and the decision with its reasons
 */
export function decide(
  remembered: PlannerState,
  input: DecisionInput,
): { readonly state: PlannerState; readonly decision: Decision } {
  const seen = see(remembered, input);
  const asked = propose(seen, input);
  const passed = passBoundary({
    need: asked.need,
    standing: asked.standing,
    current: seen.current,
    proposed: asked.merged.proposed,
    rolloutHeld: seen.state.rolloutHeld,
  });
  return {
    decision: decisionOf(input, { seen, asked, passed }),
    state: nextState({ seen, asked, passed }),
  };
}
