/** The Mooncake traces: JSON lines with timestamp (ms), input_length, output_length. @module */

import { bad, type TraceLine, traceLine } from "./request.ts";

/** One line of a Mooncake trace; other fields, `hash_ids` among them, are not read. */
export function mooncakeLine(line: string): TraceLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return bad("no JSON");
  }
  if (typeof value !== "object" || value === null) return bad("no object");
  return traceLine({
    atMs: numberIn(value, "timestamp"),
    inputTokens: numberIn(value, "input_length"),
    outputTokens: numberIn(value, "output_length"),
  });
}

/** Whether a first line is one of a Mooncake trace. */
export function looksLikeMooncake(line: string): boolean {
  if (!line.trimStart().startsWith("{")) return false;
  return ["timestamp", "input_length", "output_length"].some((name) =>
    line.includes(`"${name}"`)
  );
}

function numberIn(value: object, name: string): number {
  const found: unknown = Reflect.get(value, name);
  return typeof found === "number" ? found : Number.NaN;
}
