/** The documentation and the schema say the same. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { checkPlannerConfig } from "../../../../planner/config/mod.ts";
import {
  CONFIGURATION_PAGE,
  configurationPage,
  SCHEMA_FILE,
  schemaText,
} from "./configuration_page.ts";

const EXAMPLES = new URL("../../../../docs/examples/", import.meta.url);

Deno.test("docs/configuration.md lists the fields of the program", async () => {
  strictEqual(
    await Deno.readTextFile(CONFIGURATION_PAGE),
    configurationPage(),
    "Write it anew with `deno task docs:configuration`.",
  );
});

Deno.test("docs/planner.schema.json is the schema of the program", async () => {
  strictEqual(
    await Deno.readTextFile(SCHEMA_FILE),
    schemaText(),
    "Write it anew with `deno task docs:configuration`.",
  );
});

for (const entry of Deno.readDirSync(EXAMPLES)) {
  if (!entry.name.endsWith(".yaml")) continue;
  const text = Deno.readTextFileSync(new URL(entry.name, EXAMPLES));
  if (!text.includes("\nmode:")) continue;
  Deno.test(`docs/examples/${entry.name} is valid without a warning, and names its schema`, () => {
    const { problems, warnings } = checkPlannerConfig({
      text,
      name: entry.name,
    });
    deepStrictEqual([problems, warnings], [[], []]);
    ok(
      text.startsWith(
        "# yaml-language-server: $schema=../planner.schema.json\n",
      ),
    );
  });
}
