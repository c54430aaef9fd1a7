/** Dynamo's request traces: JSON lines of the schema `dynamo.request.trace.v1`, of which request-end records count. @module */

import { bad, type TraceLine, traceLine } from "./request.ts";

const SCHEMA = "dynamo.request.trace.v1";

/** Whether a first line is one of such a trace, plain or in a sink's envelope. */
export function looksLikeDynamo(line: string): boolean {
  return line.trimStart().startsWith("{") && line.includes(`"${SCHEMA}"`);
}

/**
 * One record. The request counts from when it was received; where the record does not say, from its end minus its
 * duration, else from its end. Records of tools and other events are no requests and no faults.
 */
export function dynamoLine(line: string): TraceLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return bad("no JSON");
  }
  const record = fieldOf(parsed, "event") ?? parsed;
  if (fieldOf(record, "schema") !== SCHEMA) {
    return bad(`no record of ${SCHEMA}`);
  }
  if (fieldOf(record, "event_type") !== "request_end") return { kind: "other" };
  const request = fieldOf(record, "request");
  const replay = fieldOf(request, "replay");
  const endMs = numberIn(record, "event_time_unix_ms");
  const tookMs = numberIn(request, "total_time_ms");
  return traceLine({
    atMs: first(
      numberIn(request, "request_received_ms"),
      endMs - tookMs,
      endMs,
    ),
    inputTokens: first(
      numberIn(request, "input_tokens"),
      numberIn(replay, "input_length"),
    ),
    outputTokens: first(numberIn(request, "output_tokens")),
  });
}

function first(...values: readonly number[]): number {
  return values.find((value) => !Number.isNaN(value)) ?? Number.NaN;
}

function numberIn(value: unknown, name: string): number {
  const found = fieldOf(value, name);
  return typeof found === "number" ? found : Number.NaN;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Reflect.get(value, name)
    : undefined;
}
