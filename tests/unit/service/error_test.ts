import assert from "node:assert/strict";
import { ERROR_TABLE, WattkeeperError } from "../../../service/mod.ts";

Deno.test("a WattkeeperError knows its number and exit code from the table", () => {
  const error = new WattkeeperError("infeasible", "Nothing fits.");
  assert.equal(error.number, ERROR_TABLE.infeasible.number);
  assert.equal(error.exitCode, 1);
  assert.equal(error.where, undefined);
});

Deno.test("error numbers are WK and three digits, each used once", () => {
  const numbers = Object.values(ERROR_TABLE).map((entry) => entry.number);
  for (const number of numbers) assert.match(number, /^WK[1-9]\d\d$/);
  assert.equal(new Set(numbers).size, numbers.length);
});
