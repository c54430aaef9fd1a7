/** Which budget counts (C15–C17). Pure. @module */

import type { LedgerState } from "./ledger_state.ts";
import type { FleetSnapshot } from "./snapshot.ts";

/** After a take-over an own budget above the Lease's counts once it has stayed the same for so long, milliseconds (C17). */
export const OWN_BUDGET_TRUST_MS = 120_000;

/** The budgets of one stage. */
export interface Budgets {
  /** min(own configuration, Lease). */
  readonly inForceWatts: number;
  /** What the Lease is to carry after this stage. */
  readonly leaseWatts: number;
  readonly ownBudget: LedgerState["ownBudget"];
}

/** Weighs the own configuration against the Lease. @param known the own budget at the last stage of the same reign */
export function budgetsOf(
  known: LedgerState["ownBudget"],
  { snapshot, budgetWatts, budgetConfirmed, nowMs }: {
    readonly snapshot: FleetSnapshot;
    readonly budgetWatts: number;
    /** The configuration was read by a consistent GET, not from a cache. */
    readonly budgetConfirmed: boolean;
    readonly nowMs: number;
  },
): Budgets {
  const sinceMs = known?.watts === budgetWatts ? known.sinceMs : nowMs;
  const trusted = budgetConfirmed || (known?.trusted ?? false) ||
    nowMs - sinceMs >= OWN_BUDGET_TRUST_MS;
  const lease = snapshot.lease?.budgetWatts;
  const inForceWatts = lease === undefined
    ? budgetWatts
    : Math.min(budgetWatts, lease);
  const larger = lease !== undefined && budgetWatts > lease;
  return {
    inForceWatts,
    leaseWatts: larger && !trusted ? lease : budgetWatts,
    ownBudget: { watts: budgetWatts, sinceMs, trusted },
  };
}

/** Follows a cut until the ledger is within it (C16). */
export function cutOf(
  ledger: LedgerState,
  { inForceWatts, chargedWatts, nowMs }: {
    readonly inForceWatts: number;
    readonly chargedWatts: number;
    readonly nowMs: number;
  },
): Pick<LedgerState, "cut" | "compliedWatts"> {
  if (chargedWatts <= inForceWatts) {
    return { cut: undefined, compliedWatts: inForceWatts };
  }
  const { cut, compliedWatts } = ledger;
  if (cut) {
    return { cut: { ...cut, toWatts: inForceWatts }, compliedWatts };
  }
  if (compliedWatts === undefined || compliedWatts <= inForceWatts) {
    return { cut: undefined, compliedWatts };
  }
  return {
    cut: { fromWatts: compliedWatts, toWatts: inForceWatts, sinceMs: nowMs },
    compliedWatts,
  };
}
