/** The page's simulation is that of `simulate`, digit by digit: built-in model, imported packs, made-up day, trace. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { runImport } from "../unit/data/store_snapshot.ts";
import {
  answered,
  browserTest,
  CHROMIUM,
  closeBrowserAfterAll,
  downloaded,
  openPage,
  servePages,
} from "./chromium.ts";
import { packFiles } from "./pack_files.ts";
import {
  exportedRecord,
  section,
  SHORT,
  simulate,
} from "./simulation_steps.ts";

closeBrowserAfterAll();

const ROOT = new URL("../../", import.meta.url);
const SHARED = Deno.env.get("WATTKEEPER_SHARED");

/**
 * Runs the page's own line over its own `planner.yaml`.
 *
 * @param home where the command finds imported packs
 * @param files paths in place of the names in the line
 */
async function runLine(
  page: Page,
  home: string,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const config = await downloaded(
    page,
    () =>
      page.getByRole("button", { name: "planner.yaml", exact: true }).click(),
  );
  await Deno.writeFile(`${home}/planner.yaml`, config.bytes);
  const line = await section(page).locator(".line code").innerText();
  const [, text = ""] = /main\.ts ([^]*)$/.exec(line) ?? [];
  const args = text.trim().split(/\s+/).map((word) =>
    word === "planner.yaml" ? `${home}/planner.yaml` : files[word] ?? word
  );
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", XDG_DATA_HOME: home },
  }).output();
  // 1: ours passed the budget, and the record says so.
  assert(code <= 1, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function temporaryFolder(): Promise<
  { readonly path: string } & AsyncDisposable
> {
  const path = await Deno.makeTempDir({ prefix: "wattkeeper-day-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

for (const resolution of ["loop", "request"]) {
  Deno.test(browserTest(
    `a made-up day on the built-in model, ${resolution}`,
    async () => {
      await using web = await servePages();
      await using opened = await openPage();
      await using home = await temporaryFolder();
      const { page } = opened;
      await page.goto(`${web.url}#${SHORT}&seed=7&resolution=${resolution}`);
      await answered(page);
      await simulate(page);
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

Deno.test({
  ...browserTest(
    "[shared] an imported pack, with the same pack in the command's store",
    async () => {
      await using web = await servePages();
      await using opened = await openPage();
      await using home = await temporaryFolder();
      const { page } = opened;
      await runImport({
        source: `${SHARED}/aic-data`,
        store: `${home.path}/wattkeeper`,
      });
      const files = packFiles(`${home.path}/wattkeeper/packs`)
        .filter((path) => path.includes("h200_sxm"));
      await page.goto(`${web.url}#${SHORT}`);
      await answered(page);
      await page.getByLabel("Add packs").setInputFiles(files);
      const row = page.locator(".pack", { hasText: "vllm 0.22.0" });
      await row.getByRole("button", { name: "Use" }).click();
      await page.waitForURL(/data=0\.22\.0/);
      await answered(page);
      for (const resolution of ["Fluid", "Every request"]) {
        await section(page).getByRole("radio", { name: resolution }).check();
        await simulate(page);
        const record = await exportedRecord(page);
        assert.equal(record, await runLine(page, home.path));
        assert.equal(JSON.parse(record).data_version, "0.22.0");
      }
      // A configuration cannot ask for the built-in model where tables are imported; that is said.
      await page.getByLabel("Performance data").selectOption("builtin");
      await answered(page);
      await simulate(page);
      await page.getByText("the answer above is of the built-in model")
        .waitFor();
      assert.equal(
        await exportedRecord(page),
        await runLine(page, home.path),
      );
    },
  ),
  ignore: CHROMIUM === undefined || SHARED === undefined,
});
