/** What a run came to, in the figures by which policies are compared. @module */

import type { BudgetViolations } from "./budget_watch.ts";
import type { DecisionNotes } from "./decision_notes.ts";
import type { LatencyFigures, ServedSums } from "./metered_engines.ts";

/** Figures of one run, over the time that counts. Tokens are output tokens of requests within both latency targets. */
export interface Score {
  readonly seconds: number;
  readonly requests: number;
  readonly askedTokensPerSecond: number;
  readonly servedTokensPerSecond: number;
  readonly tokensPerSecond: number;
  /** Per watt that has to be provided: the budget, or the highest sum of limits where that passed it. */
  readonly tokensPerSecondPerWatt: number;
  readonly tokensPerJoule: number;
  /** Share of the requests that were due and came within both targets. */
  readonly slaAttainment: number;
  readonly gaveUp: number;
  readonly ttftMs: LatencyFigures;
  readonly itlMs: LatencyFigures;
  readonly e2eMs: LatencyFigures;
  /** Share of the prompt tokens that were cached. */
  readonly prefixHitRate: number | undefined;
  readonly kilowattHours: number;
  readonly meanDrawWatts: number;
  readonly violations: BudgetViolations;
  readonly replicaFlips: number;
  readonly capFlips: number;
  readonly decisions: number;
  /** Share of the decisions that the budget held back. */
  readonly boundShare: number;
}

/** Puts the figures together. */
export function scoreOf(
  { sums, overdue, joules, budgetWatts, violations, notes }: {
    readonly sums: ServedSums;
    /** Requests at the end that are late already. */
    readonly overdue: number;
    readonly joules: number;
    readonly budgetWatts: number;
    readonly violations: BudgetViolations;
    readonly notes: Pick<
      DecisionNotes,
      "replicaFlips" | "capFlips" | "count" | "bound"
    >;
  },
): Score {
  const { seconds } = sums;
  const rate = (tokens: number) => seconds > 0 ? tokens / seconds : 0;
  const due = sums.completed + sums.gaveUp + overdue;
  const tokensPerSecond = rate(sums.inTimeTokens);
  return {
    seconds,
    requests: sums.arrived,
    askedTokensPerSecond: rate(sums.askedTokens),
    servedTokensPerSecond: rate(sums.servedTokens),
    tokensPerSecond,
    tokensPerSecondPerWatt: tokensPerSecond /
      Math.max(budgetWatts, violations.highestWatts),
    tokensPerJoule: joules > 0 ? sums.inTimeTokens / joules : 0,
    slaAttainment: due > 0 ? sums.inTime / due : 1,
    gaveUp: sums.gaveUp,
    ttftMs: sums.ttftMs,
    itlMs: sums.itlMs,
    e2eMs: sums.e2eMs,
    prefixHitRate: sums.promptTokens > 0
      ? sums.cachedTokens / sums.promptTokens
      : undefined,
    kilowattHours: joules / 3.6e6,
    meanDrawWatts: rate(joules),
    violations,
    replicaFlips: notes.replicaFlips,
    capFlips: notes.capFlips,
    decisions: notes.count,
    boundShare: notes.count > 0 ? notes.bound / notes.count : 0,
  };
}
