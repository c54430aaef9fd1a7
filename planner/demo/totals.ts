/** What a day came to. @module */

import type { DayWindow } from "./day_run.ts";

/** Sums of a day under one policy. */
export interface DayTotals {
  readonly servedTokens: number;
  readonly demandedTokens: number;
  readonly kilowattHours: number;
  /** Served output tokens per joule. */
  readonly tokensPerJoule: number;
  /** Hours in which the budget reduced what was asked for. */
  readonly boundHours: number;
  readonly highestCapWatts: number;
  /** Windows whose caps × GPUs were over the watts, or whose GPUs were over their number. */
  readonly violations: number;
  readonly windows: number;
}

/** Adds up windows; the violations are counted from the targets in force. */
export function totalsOf(
  windows: readonly DayWindow[],
  limits: {
    readonly budgetWatts: number;
    readonly maxGpus: number;
    readonly windowSeconds: number;
  },
): DayTotals {
  let [servedTokens, demandedTokens, joules] = [0, 0, 0];
  let [bound, violations, highestCapWatts] = [0, 0, 0];
  for (const window of windows) {
    const { oslTokens, requests } = window.traffic;
    servedTokens += window.servedRequests * oslTokens;
    demandedTokens += requests * oslTokens;
    joules += window.joules;
    highestCapWatts = Math.max(highestCapWatts, window.capWatts);
    if (
      window.capWatts > limits.budgetWatts || window.gpus > limits.maxGpus
    ) violations++;
    if (
      window.decision.reasons.some(({ kind }) =>
        kind === "power_budget" || kind === "below_floor"
      )
    ) bound++;
  }
  return {
    servedTokens,
    demandedTokens,
    kilowattHours: joules / 3.6e6,
    tokensPerJoule: joules > 0 ? servedTokens / joules : 0,
    boundHours: bound * limits.windowSeconds / 3600,
    highestCapWatts,
    violations,
    windows: windows.length,
  };
}
