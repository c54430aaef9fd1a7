/** Lines of any length, cut from chunks of any length. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  MOST_LINE_CHARACTERS,
  TextLineStream,
} from "../../../cli/text_lines.ts";

async function linesOf(chunks: readonly string[]): Promise<string[]> {
  return await Array.fromAsync(
    ReadableStream.from(chunks).pipeThrough(new TextLineStream()),
  );
}

Deno.test("TextLineStream gives the same lines however the text arrives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "bc", "", " ", "é", "\r")),
      fc.array(fc.nat(5)),
      async (parts, cuts) => {
        const text = parts.join("\n");
        const chunks: string[] = [];
        let at = 0;
        for (const cut of cuts) {
          chunks.push(text.slice(at, at + cut));
          at += cut;
        }
        chunks.push(text.slice(at));
        const expected = text.split("\n").map((it) => it.replace(/\r$/, ""));
        // A text that ends with a line end has no further line.
        if (text === "" || text.endsWith("\n")) expected.pop();
        assert.deepEqual(await linesOf(chunks), expected);
      },
    ),
  );
});

Deno.test("TextLineStream gives an endless line once, cut, and goes on with the next", async () => {
  const chunk = "x".repeat(100_000);
  const lines = await linesOf([
    "first\n",
    ...Array.from({ length: 100 }, () => chunk),
    "\nlast",
  ]);
  assert.deepEqual(
    lines.map((it) => it.length),
    [5, MOST_LINE_CHARACTERS + 1, 4],
  );
});
