/** What requests came to: counts, tokens and latencies, since the beginning and since somebody looked. @module */

import { LatencyHistogram } from "./latency_histogram.ts";

/** Targets that a request is held against, milliseconds. */
export interface LatencyTargets {
  readonly ttftMs: number;
  readonly itlMs: number;
}

/** Sums over requests. Tokens are output tokens of completed requests. */
export class RequestTotals {
  arrived = 0;
  /** Output tokens that those who arrived ask for. */
  askedTokens = 0;
  completed = 0;
  completedTokens = 0;
  /** First token and mean gap between tokens both within their targets. */
  inTime = 0;
  inTimeTokens = 0;
  /** Nobody waited for them any more, or they fit no engine. */
  abandoned = 0;
  refused = 0;
  preempted = 0;
  promptTokens = 0;
  /** Of them found in the prefix store. */
  cachedTokens = 0;
  readonly ttft = new LatencyHistogram();
  /** Mean gap between the tokens of a request. */
  readonly itl = new LatencyHistogram();
  /** From arrival to the last token. */
  readonly e2e = new LatencyHistogram();
  readonly #targets: LatencyTargets;

  constructor(targets: LatencyTargets) {
    this.#targets = targets;
  }

  clear(): void {
    this.arrived = this.askedTokens = this.completed = 0;
    this.completedTokens = this.inTime = this.inTimeTokens = 0;
    this.abandoned = this.refused = this.preempted = 0;
    this.promptTokens = this.cachedTokens = 0;
    this.ttft.clear();
    this.itl.clear();
    this.e2e.clear();
  }

  /** A request's last token has come; `itlMs` is 0 for one that had a single token. */
  complete(ttftMs: number, itlMs: number, oslTokens: number): void {
    this.completed++;
    this.completedTokens += oslTokens;
    this.ttft.add(ttftMs);
    this.e2e.add(ttftMs + itlMs * (oslTokens - 1));
    if (oslTokens > 1) this.itl.add(itlMs);
    if (ttftMs > this.#targets.ttftMs || itlMs > this.#targets.itlMs) return;
    this.inTime++;
    this.inTimeTokens += oslTokens;
  }
}
