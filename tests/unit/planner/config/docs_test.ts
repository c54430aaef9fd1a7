/** The documentation and the schema say the same. @module */

import { deepStrictEqual, ok } from "node:assert";
import {
  ALIASES,
  checkPlannerConfig,
  FIELD_NAMES,
  FIELDS_SCHEMA,
  textOf,
  UNSUPPORTED_FIELDS,
  UPSTREAM_ENVIRONMENT,
} from "../../../../planner/config/mod.ts";

const DOCS = new URL("../../../../docs/", import.meta.url);
const PAGE = await Deno.readTextFile(new URL("plan.md", DOCS));

/** Rows of all tables by their first cell. */
const ROWS = new Map(
  PAGE.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
    const cells = line.slice(1, -1).split("|").map((cell) => cell.trim());
    return [cells[0] ?? "", cells] as const;
  }),
);

/** The cells of the table row of a name. */
function row(name: string): readonly string[] | undefined {
  return ROWS.get(`\`${name}\``);
}

for (const name of FIELD_NAMES) {
  Deno.test(`docs/plan.md has ${name} with its default and what to write`, () => {
    const cells = row(name);
    ok(cells);
    const standard = FIELDS_SCHEMA.shape[name].safeParse(undefined).data;
    const shown = standard === undefined
      ? "–"
      : `\`${
        typeof standard === "object" ? JSON.stringify(standard) : standard
      }\``;
    deepStrictEqual(cells[1], shown);
    const { write = "?" } = textOf(FIELDS_SCHEMA.shape[name]) ?? {};
    ok(cells[2]?.includes(write), cells[2] ?? "the row has no third cell");
  });
}

Deno.test("docs/plan.md has every alias, upstream's variables and the fields without an effect", () => {
  for (const [alias, name] of Object.entries(ALIASES)) {
    ok(row(name)?.[2]?.includes(`\`${alias}\``), alias);
  }
  for (const [variable, name] of Object.entries(UPSTREAM_ENVIRONMENT)) {
    deepStrictEqual(row(variable)?.[1], `\`${name}\``);
  }
  for (const [name, { instead }] of Object.entries(UNSUPPORTED_FIELDS)) {
    deepStrictEqual(row(name)?.[2], instead);
  }
});

for (const entry of Deno.readDirSync(new URL("examples/", DOCS))) {
  if (!entry.name.endsWith(".yaml")) continue;
  const text = Deno.readTextFileSync(new URL(`examples/${entry.name}`, DOCS));
  if (!text.includes("\nmode:")) continue;
  Deno.test(`docs/examples/${entry.name} is valid without a warning`, () => {
    const { problems, warnings } = checkPlannerConfig({
      text,
      name: entry.name,
    });
    deepStrictEqual([problems, warnings], [[], []]);
  });
}
