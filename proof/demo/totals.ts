/** What a day came to. @module */

import type { Day } from "./day.ts";

/** Sums of a day under one policy. */
export interface DayTotals {
  readonly demandedTokens: number;
  readonly servedTokens: number;
  /** Served in windows whose latencies were within their targets. */
  readonly goodTokens: number;
  readonly kilowattHours: number;
  /** Tokens within the targets per joule. */
  readonly goodTokensPerJoule: number;
  /** Hours in which the budget reduced what was asked for. */
  readonly boundHours: number;
  readonly highestLimitWatts: number;
  readonly looks: number;
  readonly violations: number;
}

/** Adds up a day. */
export function totalsOf({ windows, looks, violations }: Day): DayTotals {
  let [demandedTokens, servedTokens, goodTokens, joules] = [0, 0, 0, 0];
  let [boundSeconds, highestLimitWatts] = [0, 0];
  for (const window of windows) {
    demandedTokens += window.demandedTokens;
    servedTokens += window.servedTokens;
    if (window.withinTargets) goodTokens += window.servedTokens;
    joules += window.joules;
    highestLimitWatts = Math.max(highestLimitWatts, window.limitWatts);
    const isBound = window.decision.reasons.some(({ kind }) =>
      kind === "power_budget" || kind === "below_floor"
    );
    if (isBound) boundSeconds += window.observed.windowSeconds;
  }
  return {
    demandedTokens,
    servedTokens,
    goodTokens,
    kilowattHours: joules / 3.6e6,
    goodTokensPerJoule: joules > 0 ? goodTokens / joules : 0,
    boundHours: boundSeconds / 3600,
    highestLimitWatts,
    looks,
    violations,
  };
}
