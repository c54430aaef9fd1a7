/** How files look, whoever wrote them. @module */

import assert from "node:assert/strict";
import { typescriptFiles } from "../../run/typescript_files.ts";
import { ROOT } from "./import_graph.ts";
import { textFiles } from "./text_files.ts";

const MOST_LINES = 500;

/** Names that say nothing about what a file holds. */
const EMPTY_NAMES = /^(?:utils?|helpers?|common|misc)(?:_test)?$/;

/** Written in two parts, so that this list is not found by itself. */
const FORBIDDEN = [
  ["TO", "DO"],
  ["FIX", "ME"],
  ["XX", "X:"],
  ["place", "holder text"],
  ["/wo", "rk/"],
  ["/ro", "ot/"],
  ["registry.npm", "js.org"],
  ["py", "pi.org"],
  ["python", "hosted.org"],
  ["proxy.go", "lang.org"],
].map((parts) => parts.join(""));

Deno.test(`no TypeScript file is longer than ${MOST_LINES} lines`, () => {
  const long = typescriptFiles(ROOT).filter((file) =>
    Deno.readTextFileSync(`${ROOT}/${file}`).split("\n").length - 1 > MOST_LINES
  );
  assert.deepEqual(long, []);
});

Deno.test("file names are snake_case and say what the file holds", () => {
  const odd = typescriptFiles(ROOT).filter((file) => {
    const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.tsx?$/, "");
    return !/^[a-z0-9]+(?:_[a-z0-9]+)*(?:\.d)?$/.test(name) ||
      EMPTY_NAMES.test(name);
  });
  assert.deepEqual(odd, []);
});

Deno.test("every module of the product says in its head what it is", () => {
  const silent = typescriptFiles(ROOT).filter((file) =>
    !file.startsWith("tests/") &&
    !/^\/\*\*[^]*?@module\b[^]*?\*\//.test(
      Deno.readTextFileSync(`${ROOT}/${file}`),
    )
  );
  assert.deepEqual(silent, []);
});

Deno.test("no file holds an unfinished spot, a machine's path or a registry's address", () => {
  const found = textFiles(ROOT).flatMap((file) => {
    const text = Deno.readTextFileSync(`${ROOT}/${file}`);
    return FORBIDDEN.filter((word) => text.includes(word))
      .map((word) => `${file}: ${word}`);
  });
  assert.deepEqual(found, []);
});
