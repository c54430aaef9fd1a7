/** The budget that R41 is held against: the larger one until the leader's ledger is within the smaller (C16). @module */

import type { Transition } from "../../../planner/mod.ts";

/** Follows the leader's word about budgets; never falls before compliance was declared. */
export class AllowedBudget {
  #watts: number | undefined;

  constructor(watts: number | undefined) {
    this.#watts = watts;
  }

  /** Undefined: power awareness is off. */
  get watts(): number | undefined {
    return this.#watts;
  }

  /** A look of a process that leads. */
  seen(
    { budgetInForceWatts, compliant }: Pick<
      Transition,
      "budgetInForceWatts" | "compliant"
    >,
  ): void {
    if (this.#watts === undefined || !Number.isFinite(budgetInForceWatts)) {
      return;
    }
    this.#watts = compliant
      ? budgetInForceWatts
      : Math.max(this.#watts, budgetInForceWatts);
  }
}
