/** From a read trace to observations: every window, or the one that is asked for. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import type { Observation } from "../../core/mod.ts";
import { meanLengths, NO_REQUESTS } from "../../predict/mod.ts";
import type { TraceSummary } from "./read.ts";

/** Longest replay; a year of 30-second windows. */
const MOST_REPLAYED = 1_100_000;

/**
 * Every full window of the trace in the order of time, idle ones included. A trace shorter than one window is one
 * window.
 *
 * @throws {WattkeeperError} `invalid_file` when gaps make more windows than anyone can want
 */
export function* traceWindows(trace: TraceSummary): Generator<Observation> {
  const { first, last } = fullWindows(trace);
  if (last - first >= MOST_REPLAYED) {
    throw new WattkeeperError(
      "invalid_file",
      `The trace "${trace.name}" spans ${
        last - first + 1
      } windows of ${trace.windowSeconds} s.`,
      {
        where: "--trace",
        remedy:
          "Check its times, or raise throughput_adjustment_interval_seconds.",
      },
    );
  }
  for (let index = first; index <= last; index++) {
    yield observationOf(trace, index);
  }
}

/**
 * The window that holds an offset into the trace; without one the last full window.
 *
 * @param offsetSeconds from the first request of the trace
 * @throws {WattkeeperError} `invalid_value` when the trace does not reach that far
 */
export function windowAt(
  trace: TraceSummary,
  offsetSeconds?: number,
): Observation {
  if (offsetSeconds === undefined) {
    return observationOf(trace, fullWindows(trace).last);
  }
  const atMs = trace.firstMs + offsetSeconds * 1000;
  if (!(atMs >= trace.firstMs && atMs <= trace.lastMs)) {
    const spanSeconds = Math.floor((trace.lastMs - trace.firstMs) / 1000);
    throw new WattkeeperError(
      "invalid_value",
      `The trace "${trace.name}" spans ${spanSeconds} s, and ${offsetSeconds} s is outside.`,
      { where: "--at", remedy: `Write an offset from 0 to ${spanSeconds}.` },
    );
  }
  return observationOf(trace, indexOf(trace, atMs));
}

/** First and last window that the trace covers to their end; the first one when it covers none. */
function fullWindows(
  trace: TraceSummary,
): { readonly first: number; readonly last: number } {
  const first = indexOf(trace, trace.firstMs);
  const last = indexOf(trace, trace.lastMs) - 1;
  return { first, last: Math.max(first, last) };
}

function indexOf({ originMs, windowSeconds }: TraceSummary, atMs: number) {
  return Math.floor((atMs - originMs) / (windowSeconds * 1000));
}

function observationOf(trace: TraceSummary, index: number): Observation {
  const sums = trace.windows.get(index) ?? NO_REQUESTS;
  return {
    atMs: trace.originMs + (index + 1) * trace.windowSeconds * 1000,
    windowSeconds: trace.windowSeconds,
    requests: sums.requests,
    ...meanLengths(sums),
  };
}
