/** Starts a history from a trace, before the first live window (P20). @module */

import { meanLengths, NO_REQUESTS, type WindowSums } from "./aggregate.ts";
import {
  type TrafficHistory,
  warmedUp,
  type WindowContext,
  withWindow,
} from "./history.ts";

/** Sums by window number, and how long a window is. */
export interface WarmUpTrace {
  readonly windows: ReadonlyMap<number, WindowSums>;
  readonly windowSeconds: number;
}

/** A trace with more is cut to its end; a history keeps no more anyway. */
const MOST_WINDOWS = 20_000;

/**
 * Adds the windows of a trace in the order of time, idle ones between them included. Never sets a hit rate or an accept
 * length. Afterwards idle windows are skipped until live traffic comes.
 */
export function warmUp(
  history: TrafficHistory,
  { windows, windowSeconds }: WarmUpTrace,
  context: WindowContext,
): TrafficHistory {
  let [first, last] = [Infinity, -Infinity];
  for (const index of windows.keys()) {
    first = Math.min(first, index);
    last = Math.max(last, index);
  }
  let warm = history;
  for (let i = Math.max(first, last - MOST_WINDOWS + 1); i <= last; i++) {
    const sums = windows.get(i) ?? NO_REQUESTS;
    warm = withWindow(warm, {
      requestsPerSecond: sums.requests / windowSeconds,
      ...meanLengths(sums),
    }, context);
  }
  return warmedUp(warm);
}
