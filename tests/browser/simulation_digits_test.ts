/** The page's simulation is that of `simulate`, digit by digit: built-in model, made-up day, trace; imported packs have their own file. @module */

import assert from "node:assert/strict";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  openPage,
  servePages,
} from "./chromium.ts";
import {
  exportedRecord,
  runLine,
  SHORT,
  simulate,
  temporaryFolder,
  visitSimulated,
} from "./simulation_steps.ts";

closeBrowserAfterAll();

for (const resolution of ["loop", "request"]) {
  Deno.test(browserTest(
    `a made-up day on the built-in model, ${resolution}`,
    async () => {
      await using opened = await visitSimulated(
        `${SHORT}&seed=7&resolution=${resolution}`,
      );
      await using home = await temporaryFolder();
      const { page } = opened;
      const record = await exportedRecord(page);
      assert.equal(record, await runLine(page, home.path));
      assert.equal(JSON.parse(record).data_version, "builtin");
      assert.equal(JSON.parse(record).runs.length, 4);
      assert.deepEqual(opened.troubles, []);
    },
  ));
}

Deno.test(browserTest(
  "a dropped trace, faster and in copies, request by request",
  async () => {
    await using web = await servePages();
    await using opened = await openPage();
    await using home = await temporaryFolder();
    const { page } = opened;
    const trace = `${home.path}/bursts.jsonl`;
    const lines = Array.from({ length: 600 }, (_, index) =>
      JSON.stringify({
        timestamp: index * 900 + index % 7 * 400,
        input_length: 1500 + index % 11 * 250,
        output_length: 120 + index % 5 * 40,
        hash_ids: [index % 3, 100 + index],
      }));
    await Deno.writeTextFile(trace, lines.join("\n"));
    await page.goto(
      `${web.url}#${SHORT}&resolution=request&speed=2&copies=3`,
    );
    await answered(page);
    await page.getByLabel("Trace file", { exact: false }).first()
      .setInputFiles(trace);
    await page.locator(".simulation").getByText("Plays bursts.jsonl.")
      .waitFor();
    await answered(page);
    await simulate(page);
    const record = await exportedRecord(page);
    assert.equal(
      record,
      await runLine(page, home.path, { "bursts.jsonl": trace }),
    );
    assert.match(
      JSON.parse(record).traffic,
      /^600 requests of a mooncake trace, 3 copies at once, 2 times as fast/,
    );
  },
));
