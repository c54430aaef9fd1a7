/** What a run may find. @module */

/** The invariants, by name. */
export const INVARIANTS = {
  budget: "R41: the sum of limits passed the budget in force",
  permitted:
    "R41: what stands, what is on record and what was granted and may still be applied passes the budget in force",
  range: "a limit is outside the device's range",
  opted_out: "a GPU of a pod that never asked was capped",
  ungranted: "a worker runs above what its pod was ever granted",
  advisory: "something was written in advisory mode",
  generation:
    "an older grant stands where a newer one was, on a pod or in a record",
  fence: "a grant or raise was sent without a fresh Lease in its batch (C4)",
  report: "a report says something that was not so when it was sent",
  targets: "a target is outside [min, max], or over the budgets",
  unexplained: "a decision changes something and gives no reason",
  threw: "the planner's code threw",
  liveness: "the fleet did not come to rest after the last fault",
  stranded: "a cap stands on a GPU that nobody is on",
} as const;

/** One finding. */
export interface Violation {
  readonly invariant: keyof typeof INVARIANTS;
  readonly atMs: number;
  readonly message: string;
}
