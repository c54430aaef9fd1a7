/** What a source saw in one window, and the part of it that can be trusted. @module */

import type { Reason } from "./reason.ts";

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
}

/** An observation without NaN, infinity or negative numbers. */
export interface TrustedObservation {
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
