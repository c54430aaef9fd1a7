/** Code that must run in a browser, or be pure, type-checks without Deno's and Node's names. @module */

import assert from "node:assert/strict";
import { BROWSER_LIBRARIES, typeErrors } from "../../run/browser_types.ts";
import { typescriptFiles } from "../../run/typescript_files.ts";
import { reach, readImports, ROOT } from "./import_graph.ts";

const errorsWith = (
  libraries: readonly string[],
  files: readonly string[],
  ours: (file: string) => boolean,
) => typeErrors({ root: ROOT, libraries, files, ours });

Deno.test("what the browser loads knows only what a browser has", async () => {
  const doors = [
    "optimizer-wasm/host.ts",
    "optimizer-wasm/portable.ts",
    "cluster/portable.ts",
    "planner/portable.ts",
    "planner/portable_planner.ts",
    "proof/portable.ts",
    "service/portable.ts",
    "web/page/main.tsx",
    "web/worker/main.ts",
    "web/simulator/main.ts",
    "web/dashboard/main.tsx",
  ];
  const loaded = reach(await readImports(), (file) => doors.includes(file));
  assert.deepEqual(
    await errorsWith(BROWSER_LIBRARIES, doors, (file) => loaded.has(file)),
    [],
  );
});

Deno.test("planner/core and planner/predict know only the language", async () => {
  const isPure = (file: string) => /^planner\/(?:core|predict)\//.test(file);
  const pure = typescriptFiles(ROOT).filter(isPure);
  assert(pure.length > 0, "there are pure files");
  assert.deepEqual(await errorsWith(["esnext"], pure, isPure), []);
});

Deno.test("a name of Deno's in pure code would be found", async () => {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-impure-" });
  try {
    const file = `${folder}/impure.ts`;
    await Deno.writeTextFile(file, "export const now = Deno.env.get('NOW');\n");
    const errors = await errorsWith(["esnext"], [file], () => true);
    assert.match(errors.join(), /Cannot find name 'Deno'/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
