/** Counts of everything that happens to requests: since the beginning, since a sample, and in the step under way. @module */

import { type LatencyTargets, RequestTotals } from "./request_totals.ts";

/** Whoever works on requests tells it here. */
export class Tally {
  readonly totals: RequestTotals;
  readonly recent: RequestTotals;
  // The step under way.
  arrived = 0;
  arrivedIsl = 0;
  arrivedOsl = 0;
  completed = 0;
  prefilledTokens = 0;
  decodedTokens = 0;
  promptTokens = 0;
  cachedTokens = 0;
  firstTokens = 0;
  ttftSum = 0;
  itlSum = 0;

  constructor(targets: LatencyTargets) {
    this.totals = new RequestTotals(targets);
    this.recent = new RequestTotals(targets);
  }

  arrive(islTokens: number, oslTokens: number): void {
    this.arrived++;
    this.arrivedIsl += islTokens;
    this.arrivedOsl += oslTokens;
    this.totals.arrived++;
    this.recent.arrived++;
    this.totals.askedTokens += oslTokens;
    this.recent.askedTokens += oslTokens;
  }

  /** It fits no engine, or too many wait. */
  refuse(): void {
    this.totals.refused++;
    this.recent.refused++;
  }

  /** Whoever asked has gone away. */
  abandon(): void {
    this.totals.abandoned++;
    this.recent.abandoned++;
  }

  preempt(): void {
    this.totals.preempted++;
    this.recent.preempted++;
  }

  lookUp(promptTokens: number, cachedTokens: number): void {
    this.promptTokens += promptTokens;
    this.cachedTokens += cachedTokens;
    this.totals.promptTokens += promptTokens;
    this.recent.promptTokens += promptTokens;
    this.totals.cachedTokens += cachedTokens;
    this.recent.cachedTokens += cachedTokens;
  }

  begin(ttftMs: number): void {
    this.firstTokens++;
    this.ttftSum += ttftMs;
  }

  decode(batch: number, stepMs: number): void {
    this.decodedTokens += batch;
    this.itlSum += stepMs * batch;
  }

  complete(ttftMs: number, itlMs: number, oslTokens: number): void {
    this.completed++;
    this.totals.complete(ttftMs, itlMs, oslTokens);
    this.recent.complete(ttftMs, itlMs, oslTokens);
  }

  /** The next step begins. */
  clearStep(): void {
    this.arrived =
      this.arrivedIsl =
      this.arrivedOsl =
      this.completed =
        0;
    this.prefilledTokens = this.decodedTokens = 0;
    this.promptTokens = this.cachedTokens = 0;
    this.firstTokens = this.ttftSum = this.itlSum = 0;
  }
}
