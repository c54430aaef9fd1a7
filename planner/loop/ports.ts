/** What the loop stands on: time, a source, the pure functions, a place for its memory. @module */

import type { Clock } from "../../cluster/mod.ts";
import {
  decide,
  type Decision,
  type DecisionInput,
  initialLedger,
  type LedgerState,
  type PlannerState,
  settle,
  stage,
  type StageInput,
  type Step,
  type StepOutcome,
  type Transition,
} from "../core/mod.ts";

/** Monotonic time to wait by, and the wall clock to tell people the time. */
export interface LoopClock extends Clock {
  /** Milliseconds since 1970 as the machine believes; may jump both ways. */
  wallMs(): number;
}

/** The pure functions that the loop calls; the ledger is a value that only they look into. */
export interface Brain<Ledger> {
  decide(
    state: PlannerState,
    input: DecisionInput,
  ): Decided | Promise<Decided>;
  /** The ledger of a new process: nothing is known, everything is rebuilt from the fleet (C14). */
  emptyLedger(): Ledger;
  stage(
    ledger: Ledger,
    input: StageInput,
  ): { readonly ledger: Ledger; readonly transition: Transition };
  settle(
    ledger: Ledger,
    step: Step,
    outcome: StepOutcome,
    nowMs: number,
  ): Ledger;
}

/** The planner's own: decisions and the cap protocol's ledger. */
export const PLANNER_BRAIN: Brain<LedgerState> = {
  decide,
  emptyLedger: initialLedger,
  stage,
  settle,
};

/** What a decision returns. */
export interface Decided {
  readonly state: PlannerState;
  readonly decision: Decision;
}

/** Where the planner's state survives a restart. */
export interface StateStore {
  /** Keeps the newest state; resolves when it is durable. */
  save(saved: SavedState): Promise<void>;
}

/** What survives a restart: coefficients, history, last targets, the decision number. Never the ledger (C14). */
export interface SavedState {
  /** The loop's time of the save; time goes on from here after a restart. */
  readonly nowMs: number;
  readonly state: PlannerState;
}
