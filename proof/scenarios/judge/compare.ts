/** Comparisons of assertions. @module */

import { equal, numberOf, type Value } from "../expression/mod.ts";
import type { Operator } from "../schema/assertion_types.ts";

/**
 * Compares; undefined when one side is unknown or the two cannot be compared.
 *
 * `==` has a relative tolerance of a millionth; `within` means |a − b| ≤ tolerance · max(1, |b|).
 */
export function compare(
  actual: Value,
  op: Operator,
  expected: Value,
  tolerance = 0,
): boolean | undefined {
  if (actual === null || expected === null) return undefined;
  if (op === "==") return equal(actual, expected);
  if (op === "!=") return !equal(actual, expected);
  const [a, b] = [numberOf(actual), numberOf(expected)];
  if (a === null || b === null) return undefined;
  switch (op) {
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "within":
      return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));
  }
}
