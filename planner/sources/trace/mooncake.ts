/** The Mooncake traces: JSON lines with timestamp (ms), input_length, output_length. @module */

import { bad, type TraceLine, traceLine } from "./request.ts";

/** One line of a Mooncake trace; `hash_ids` that are no list of whole numbers are as good as none. */
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
    ...blocksIn(value),
  });
}

function blocksIn(value: object): { readonly blocks?: readonly number[] } {
  const found: unknown = Reflect.get(value, "hash_ids");
  return Array.isArray(found) && found.every(Number.isSafeInteger)
    ? { blocks: found }
    : {};
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
