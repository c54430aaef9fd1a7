/** Anything that happened as flat snake_case values for the event log. @module */

import type { Value } from "../expression/mod.ts";

/** Deeper values are left out: the log is for claims, not for storage. */
const DEEPEST = 2;

/** Flattens an object: `{ to: { prefill: 1 } }` is `{ to_prefill: 1 }`. Lists of words are joined by commas. */
export function saysOf(thing: object): Readonly<Record<string, Value>> {
  const says: Record<string, Value> = {};
  put(says, "", thing, 0);
  return says;
}

function put(
  says: Record<string, Value>,
  prefix: string,
  thing: object,
  depth: number,
): void {
  for (const [key, value] of Object.entries(thing)) {
    const name = `${prefix}${snake(key)}`;
    if (
      value === null || typeof value === "string" ||
      typeof value === "number" || typeof value === "boolean"
    ) says[name] = value;
    else if (Array.isArray(value)) {
      if (value.every((one) => typeof one === "string")) {
        says[name] = value.join(",");
      }
    } else if (typeof value === "object" && value && depth < DEEPEST) {
      put(says, `${name}_`, value, depth + 1);
    }
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
