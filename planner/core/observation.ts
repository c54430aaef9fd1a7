/** What a source saw in one window, and the part of it that can be trusted. @module */

import type { Reason } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";

/** One window of traffic. Values may be anything a broken source can say; {@linkcode trusted} sorts them out. */
export interface Observation {
  /** End of the window, milliseconds on the source's clock. */
  readonly atMs: number;
  readonly windowSeconds: number;
  /** Requests that started in the window; undefined when the source does not know, which is not zero (P73). */
  readonly requests: number | undefined;
  /** Mean input tokens of those requests. */
  readonly islTokens: number | undefined;
  /** Mean output tokens of those requests. */
  readonly oslTokens: number | undefined;
  /** What the source saw of latencies, power and engines; absent where it does not measure them. */
  readonly live?: LiveSignals;
  /** What went wrong while observing; the values that it concerns are undefined. */
  readonly problems?: readonly SourceProblem[];
}

/** Measurements of a window beside the traffic. Means over the window; undefined is unknown, never zero. */
export interface LiveSignals {
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  readonly requestDurationMs: number | undefined;
  /** Output tokens per second that were served. */
  readonly tokensPerSecond: number | undefined;
  /** Share of input tokens found in a cache, 0…1 (P75). */
  readonly kvHitRate: number | undefined;
  /** Tokens accepted a step with speculative decoding, at least 1 (P76). */
  readonly acceptLength: number | undefined;
  /** Mean draw of one GPU by side, watts (P80). */
  readonly drawWatts: PerSide<number>;
  /** Effective cap of one GPU by side as read back (R40), watts; without it the last target counts. */
  readonly effectiveCapWatts?: PerSide<number>;
  /** Share of the window in which the power cap throttled the GPUs of a side, 0…1 (R14a). */
  readonly powerCappedShare?: PerSide<number>;
  /** Draw of all GPUs of the deployment, watts. */
  readonly totalDrawWatts: number | undefined;
  /** Whether prefill tokens, or decode KV tokens, were scheduled in the window (R14). */
  readonly prefillActive: boolean;
  readonly decodeActive: boolean;
  /** Forward-pass metrics of each engine rank (P29); undefined without them. */
  readonly engines: readonly EngineLoad[] | undefined;
}

/** Load of one engine rank. */
export interface EngineLoad {
  readonly side: Side;
  readonly workerId: string;
  readonly dpRank: number;
  readonly scheduledPrefillTokens: number;
  readonly queuedPrefillTokens: number;
  readonly scheduledDecodeKvTokens: number;
  readonly queuedDecodeKvTokens: number;
  readonly scheduledRequests: number;
  readonly queuedRequests: number;
  /** 0: a heartbeat, not a sample. */
  readonly wallTimeMs: number;
  readonly contextLengthTokens: number | undefined;
  readonly kvCapacityTokens: number | undefined;
  readonly maxBatchedTokens: number | undefined;
}

/** What a source could not say, and why. */
export interface SourceProblem {
  readonly kind:
    | "unreachable"
    | "timeout"
    | "unauthorised"
    | "tls"
    | "bad_answer"
    | "stale"
    | "not_a_number"
    | "partial";
  readonly what: string;
  readonly message: string;
}

/** An observation without NaN, infinity or negative numbers. */
export interface TrustedObservation {
  /** Requests of the window; absent when unknown. */
  readonly requests: number | undefined;
  /** Absent: demand is unknown. */
  readonly requestsPerSecond: number | undefined;
  readonly islTokens: number | undefined;
  readonly oslTokens: number | undefined;
}

/** More than any fleet serves; beyond it a source is broken. */
const MOST_REQUESTS_PER_SECOND = 1e9;
const MOST_TOKENS = 1e8;

/**
 * Keeps what is physical and gives a reason for each value that is not (R19 row 15).
 *
 * @returns the trusted values and what was thrown away
 */
export function trusted(
  observation: Observation,
): {
  readonly values: TrustedObservation;
  readonly reasons: readonly Reason[];
} {
  const reasons: Reason[] = [];
  const keep = (
    field: string,
    found: number | undefined,
    most: number,
    least: number,
  ) => {
    if (found === undefined) return undefined;
    if (found >= least && found <= most) return found;
    reasons.push({ kind: "observation_rejected", field, found });
    return undefined;
  };
  const windowSeconds = keep("window", observation.windowSeconds, 1e9, 1e-3);
  const requests = keep(
    "requests",
    observation.requests,
    MOST_REQUESTS_PER_SECOND * (windowSeconds ?? 1),
    0,
  );
  // Idle windows have no mean; sources then say 0 or NaN, and neither is worth a word (P78).
  const idle = requests === 0;
  return {
    values: {
      requests,
      requestsPerSecond: requests === undefined || windowSeconds === undefined
        ? undefined
        : requests / windowSeconds,
      islTokens: idle
        ? undefined
        : keep("isl", observation.islTokens, MOST_TOKENS, 1),
      oslTokens: idle
        ? undefined
        : keep("osl", observation.oslTokens, MOST_TOKENS, 0),
    },
    reasons,
  };
}
