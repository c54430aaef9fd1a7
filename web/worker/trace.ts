/** A dropped trace file as the shape of its traffic. @module */

import { readTrace, traceWindows } from "../../planner/portable.ts";
import { WattkeeperError } from "../../service/portable.ts";
import { fileText } from "./file_text.ts";
import type { TraceShape } from "./protocol.ts";

/** Windows that the busiest one is looked for in, seconds: the planner's usual interval. */
const WINDOW_SECONDS = 180;

/**
 * Reads a trace: Azure LLM CSV, Mooncake or Dynamo JSON lines, plain or gzip.
 *
 * @throws {WattkeeperError} `invalid_file` when it is none
 */
export async function traceShape(file: File): Promise<TraceShape> {
  const trace = await readTrace({
    name: file.name,
    chunks: fileText(file),
    windowSeconds: WINDOW_SECONDS,
  }).catch((error) => {
    if (!(error instanceof WattkeeperError)) throw error;
    throw new WattkeeperError(
      error.code,
      error.message,
      {
        where: file.name,
        remedy: error.remedy,
      } as ConstructorParameters<typeof WattkeeperError>[2],
    );
  });
  let input = 0;
  let output = 0;
  let peak = 0;
  for (
    const { requests = 0, islTokens = 0, oslTokens = 0 } of traceWindows(trace)
  ) {
    input += requests * islTokens;
    output += requests * oslTokens;
    peak = Math.max(peak, requests);
  }
  const counted = [...traceWindows(trace)].reduce(
    (sum, { requests = 0 }) => sum + requests,
    0,
  );
  const spanSeconds = (trace.lastMs - trace.firstMs) / 1000;
  const windowSeconds = Math.min(WINDOW_SECONDS, Math.max(1, spanSeconds));
  return {
    name: file.name,
    format: trace.format,
    requests: trace.requests,
    spanSeconds,
    meanIsl: Math.max(1, Math.round(input / counted)),
    meanOsl: Math.max(2, Math.round(output / counted)),
    meanRate: trace.requests / Math.max(1, spanSeconds),
    peakRate: peak / windowSeconds,
    windowSeconds,
    badLines: trace.badLines,
  };
}
