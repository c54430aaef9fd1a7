/** Scores side by side: which cell of a row is the best. @module */

import { deepEqual, equal } from "node:assert/strict";
import {
  comparePolicies,
  comparisonInput,
  openBuiltIn,
  scoreTable,
} from "../../../../proof/mod.ts";

const input = await comparisonInput(
  { seed: 3, hours: 0.2, resolution: "loop" },
  { open: openBuiltIn },
);
const { runs } = await comparePolicies(input);
const table = scoreTable(runs, "loop");
const line = (name: string) => {
  const found = table.find((one) => one.name.trim() === name);
  if (!found) throw new Error(`There is no row "${name}".`);
  return found;
};
const marks = (name: string) => line(name).cells.map(({ best }) => best);

Deno.test("a row marks exactly the cells that read like its best one", () => {
  const values = line("per joule drawn").cells.map(({ text }) => Number(text));
  deepEqual(
    marks("per joule drawn"),
    values.map((value) => value === Math.max(...values)),
  );
  const latencies = line("TTFT, mean, ms").cells.map(({ text }) =>
    Number(text)
  );
  deepEqual(
    marks("TTFT, mean, ms"),
    latencies.map((value) => value === Math.min(...latencies)),
  );
});

Deno.test("a row in which all read the same has no best, nor has one that says nothing by itself", () => {
  deepEqual(marks("of tokens/s asked for"), [false, false, false, false]);
  deepEqual(marks("energy, kWh"), [false, false, false, false]);
  const alone = scoreTable(runs.slice(0, 1), "loop");
  equal(alone.some(({ cells }) => cells.some(({ best }) => best)), false);
});

Deno.test("the rows are there before any policy is done", () => {
  deepEqual(
    scoreTable([], "loop").map(({ name }) => name),
    table.map(({ name }) => name),
  );
});
