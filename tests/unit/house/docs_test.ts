/** What the documents say is what the program does. @module */

import assert from "node:assert/strict";
import { commandNames } from "../../../cli/command_table.ts";
import { ERROR_PAGE, errorPage } from "./error_page.ts";
import { ROOT } from "./import_graph.ts";
import { textFiles } from "./text_files.ts";

const documents = textFiles(ROOT).filter((file) => file.endsWith(".md"))
  .map((file) => ({ file, text: Deno.readTextFileSync(`${ROOT}/${file}`) }));

Deno.test("docs/errors.md lists the errors of the program", async () => {
  assert.equal(
    await Deno.readTextFile(ERROR_PAGE),
    errorPage(),
    "Write it anew with `deno task docs:errors`.",
  );
});

Deno.test("documents name only tasks that exist", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const unknown = documents.flatMap(({ file, text }) =>
    Array.from(
      text.matchAll(/deno(?:@[\d.]+)? task ([a-z][a-z:]*)/g),
      ([, task = ""]) => ({ file, task }),
    )
  ).filter(({ task }) => !(task in tasks));
  assert.deepEqual(unknown, []);
});

Deno.test("documents name only commands that exist", () => {
  const known = new Set(commandNames());
  const unknown = documents.flatMap(({ file, text }) =>
    Array.from(
      text.matchAll(/main\.ts ([a-z]+)/g),
      ([, command = ""]) => ({ file, command }),
    )
  ).filter(({ command }) => !known.has(command));
  assert.deepEqual(unknown, []);
});

Deno.test("links between documents lead somewhere", () => {
  const dead = documents.flatMap(({ file, text }) =>
    Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
      .map(([, target = ""]) => ({ file, target }))
      .filter(({ target }) => {
        const folder = file.slice(0, file.lastIndexOf("/") + 1);
        return !exists(`${ROOT}/${folder}${target}`);
      })
  );
  assert.deepEqual(dead, []);
});

Deno.test("every task in deno.json runs a file that exists", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const missing = Object.entries<string>(tasks).flatMap(([name, line]) =>
    Array.from(line.matchAll(/[\w/-]+\.ts/g), ([file]) => ({ name, file }))
  ).filter(({ file }) => !exists(`${ROOT}/${file}`));
  assert.deepEqual(missing, []);
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
