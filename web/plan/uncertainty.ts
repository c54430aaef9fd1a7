/** How far a figure may be off: what is declared, and nothing where nothing is. @module */

import type {
  FleetCandidate,
  FleetSide,
  LatencySource,
} from "../../optimizer-wasm/portable.ts";

/**
 * Error of the built-in roofline beside measured tables, 90th percentile over all whole steps that `docs/roofline.md`
 * compares; a test holds the two together.
 */
export const ROOFLINE_ERROR_P90 = 0.158;

/** A figure with the ends of its interval; the ends are absent where no error is declared. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Relative error of a side's latency: the model's own, and what its cap adds. */
export function latencyErrorOf(
  { latencySource, latencyError }: Pick<
    FleetSide,
    "latencySource" | "latencyError"
  >,
): number | undefined {
  const own = modelError(latencySource);
  if (own === undefined) return latencyError > 0 ? latencyError : undefined;
  return own + latencyError;
}

function modelError(source: LatencySource): number | undefined {
  return source === "roofline" ? ROOFLINE_ERROR_P90 : undefined;
}

/** Interval of a latency. */
export function latencyInterval(
  ms: number,
  error: number | undefined,
): Interval | undefined {
  return error === undefined
    ? undefined
    : { low: ms * (1 - error), high: ms * (1 + error) };
}

/** Interval of a throughput: the weakest side's latency decides it. */
export function throughputInterval(
  fleet: FleetCandidate,
): Interval | undefined {
  const errors = sidesIn(fleet).map(latencyErrorOf)
    .filter((error) => error !== undefined);
  if (errors.length === 0) return undefined;
  const error = Math.max(...errors);
  return {
    low: fleet.tokensPerSecond / (1 + error),
    high: fleet.tokensPerSecond / (1 - error),
  };
}

/** The sides of a fleet, prefill first. */
export function sidesIn(
  { prefill, decode, workers }: FleetCandidate,
): FleetSide[] {
  return [prefill, decode, workers].filter((side) => side !== undefined);
}
