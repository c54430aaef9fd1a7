/** A trace file as requests one by one. @module */

import {
  readTrace,
  type TraceRequest,
  type TraceSummary,
} from "../../planner/portable_planner.ts";
import { WattkeeperError } from "../../service/portable.ts";
import type { RequestTrace } from "../../simulator/mod.ts";

/** More are not held in memory. */
const MOST_REQUESTS = 2_000_000;
const MOST_BLOCKS = 50_000_000;
/** Windows of the summary are not used. */
const WINDOW_SECONDS = 60;
/** A trace of requests at one moment lasts so long, milliseconds. */
const SHORTEST_MS = 1_000;

/** Trace and what was said of it. */
export interface ReadRequests {
  readonly trace: RequestTrace;
  readonly summary: TraceSummary;
}

/**
 * Reads a whole trace.
 *
 * @throws {WattkeeperError} `invalid_file` when it is no trace or holds more requests than are simulated
 */
export async function readRequests(input: {
  readonly name: string;
  readonly chunks: AsyncIterable<string>;
  readonly signal?: AbortSignal;
}): Promise<ReadRequests> {
  const requests: TraceRequest[] = [];
  let blocks = 0;
  const summary = await readTrace({
    ...input,
    windowSeconds: WINDOW_SECONDS,
    onRequest: (request) => {
      requests.push(request);
      blocks += request.blocks?.length ?? 0;
      if (requests.length > MOST_REQUESTS || blocks > MOST_BLOCKS) {
        throw tooLong(input.name);
      }
    },
  });
  return { trace: requestTraceOf(requests), summary };
}

/** Columns in the order of time; block numbers from 0 without gaps. */
export function requestTraceOf(
  requests: readonly TraceRequest[],
): RequestTrace {
  const sorted = requests.toSorted((a, b) => a.atMs - b.atMs);
  const firstMs = sorted[0]?.atMs ?? 0;
  const lastMs = sorted.at(-1)?.atMs ?? 0;
  const numbers = new Map<number, number>();
  const blocks: number[] = [];
  const blocksFrom = [0];
  for (const request of sorted) {
    for (const block of request.blocks ?? []) {
      const known = numbers.get(block) ?? numbers.size;
      numbers.set(block, known);
      blocks.push(known);
    }
    blocksFrom.push(blocks.length);
  }
  const span = lastMs - firstMs;
  return {
    atMs: Float64Array.from(sorted, ({ atMs }) => atMs - firstMs),
    islTokens: Int32Array.from(sorted, ({ inputTokens }) => inputTokens),
    // Whoever asks for no token gets one.
    oslTokens: Int32Array.from(
      sorted,
      ({ outputTokens }) => Math.max(1, outputTokens),
    ),
    blocks: Int32Array.from(blocks),
    blocksFrom: Int32Array.from(blocks.length > 0 ? blocksFrom : []),
    blockCount: numbers.size,
    // The mean gap stands between its last request and its first one again.
    lengthMs: Math.max(
      SHORTEST_MS,
      span + span / Math.max(1, sorted.length - 1),
    ),
  };
}

function tooLong(name: string): WattkeeperError {
  return new WattkeeperError(
    "invalid_file",
    `The trace "${name}" holds more than ${MOST_REQUESTS} requests or ${MOST_BLOCKS} prompt blocks.`,
    { where: "--trace", remedy: "Cut it, and use --speed for more load." },
  );
}
