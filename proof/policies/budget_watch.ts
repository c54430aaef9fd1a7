/** Holds the sum of all limits against a budget at every event: how often, how long and by how much it is passed. @module */

/** What was found. */
export interface BudgetViolations {
  /** Times at which the sum rose above the budget. */
  readonly count: number;
  /** Time above it, seconds. */
  readonly seconds: number;
  /** Most above it, watts. */
  readonly watts: number;
  /** Watts above it × time, watt-seconds. */
  readonly wattSeconds: number;
  /** Highest sum of limits, watts. */
  readonly highestWatts: number;
}

/** Watches one run. Between two events limits do not change. */
export class BudgetWatch {
  readonly #budgetWatts: number;
  #atMs = 0;
  #excess = 0;
  #count = 0;
  #milliseconds = 0;
  #most = 0;
  #wattMs = 0;
  #highest = 0;
  #recentHighest = 0;

  /** @param budgetWatts what is counted against, whatever the policy knows of it */
  constructor(budgetWatts: number) {
    this.#budgetWatts = budgetWatts;
  }

  see(atMs: number, limitWatts: number): void {
    this.#pass(atMs);
    const excess = Math.max(0, limitWatts - this.#budgetWatts);
    if (excess > 0 && this.#excess === 0) this.#count++;
    this.#excess = excess;
    this.#most = Math.max(this.#most, excess);
    this.#highest = Math.max(this.#highest, limitWatts);
    this.#recentHighest = Math.max(this.#recentHighest, limitWatts);
  }

  #pass(atMs: number): void {
    const passed = atMs - this.#atMs;
    this.#atMs = atMs;
    if (this.#excess === 0) return;
    this.#milliseconds += passed;
    this.#wattMs += passed * this.#excess;
  }

  /** Highest sum since this was asked last. */
  takeHighest(limitWatts: number): number {
    const highest = this.#recentHighest;
    this.#recentHighest = limitWatts;
    return highest;
  }

  told(atMs: number): BudgetViolations {
    this.#pass(atMs);
    return {
      count: this.#count,
      seconds: this.#milliseconds / 1000,
      watts: this.#most,
      wattSeconds: this.#wattMs / 1000,
      highestWatts: this.#highest,
    };
  }
}
