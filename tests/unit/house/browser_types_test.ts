/** Code that must run in a browser, or be pure, type-checks without Deno's and Node's names. @module */

import assert from "node:assert/strict";
import { typescriptFiles } from "../../run/typescript_files.ts";
import { reach, readImports, ROOT } from "./import_graph.ts";

/**
 * Type-checks with other libraries than Deno's.
 *
 * @param lib names of TypeScript's libraries
 * @param files to check
 * @param ours whose errors count; a file that is imported for its types only may use Deno
 * @returns the errors, each with its place
 */
async function errorsWith(
  lib: readonly string[],
  files: readonly string[],
  ours: (file: string) => boolean,
): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-types-" });
  try {
    const { compilerOptions, imports } = JSON.parse(
      await Deno.readTextFile(`${ROOT}/deno.json`),
    );
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      JSON.stringify({ imports, compilerOptions: { ...compilerOptions, lib } }),
    );
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", `${folder}/deno.json`, ...files],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    return new TextDecoder().decode(stderr).split("\n\n").filter((text) => {
      const [, file] = /at file:\/\/(\S+?):\d+:\d+/.exec(text) ?? [];
      return file !== undefined && ours(file.slice(ROOT.length + 1));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const BROWSER = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];

Deno.test("optimizer-wasm/host.ts knows only what a browser has", async () => {
  const door = "optimizer-wasm/host.ts";
  const loaded = reach(await readImports(), (file) => file === door);
  assert.deepEqual(
    await errorsWith(BROWSER, [door], (file) => loaded.has(file)),
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
