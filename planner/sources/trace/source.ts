/** A trace behind the port of the sources: a live loop can run on it. @module */

import type { Observation } from "../../core/mod.ts";
import type { ObservationRequest, TrafficSource } from "../source.ts";
import type { TraceSummary } from "./read.ts";
import { windowAt } from "./windows.ts";

/**
 * Replays a trace on the loop's clock: its first request happens when the first window begins. After its end traffic is
 * unknown, and that is a problem; it is not zero.
 */
export function traceSource(trace: TraceSummary): TrafficSource {
  let beginMs: number | undefined;
  return {
    name: `trace ${trace.name}`,
    observe(
      { atMs, windowSeconds, due }: ObservationRequest,
      signal: AbortSignal,
    ): Promise<Observation> {
      signal.throwIfAborted();
      const unknown = {
        atMs,
        windowSeconds,
        requests: undefined,
        islTokens: undefined,
        oslTokens: undefined,
      };
      beginMs ??= atMs - windowSeconds * 1000;
      if (!due.throughput) return Promise.resolve(unknown);
      // The middle of the window asked for lies in the window of the trace that it is most like.
      const offsetMs = atMs - windowSeconds * 500 - beginMs;
      const seconds = Math.max(0, offsetMs / 1000);
      if (seconds * 1000 > trace.lastMs - trace.firstMs) {
        return Promise.resolve({
          ...unknown,
          problems: [{
            kind: "stale",
            what: `trace ${trace.name}`,
            message: "The trace has ended.",
          }],
        });
      }
      const { requests, islTokens, oslTokens } = windowAt(trace, seconds);
      return Promise.resolve({
        ...unknown,
        requests,
        islTokens,
        oslTokens,
      });
    },
  };
}
