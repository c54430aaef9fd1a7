/** Real packs in the page give the digits of the command line over the same packs. @module */

import assert from "node:assert/strict";
import { runImport } from "../unit/data/store_snapshot.ts";
import {
  answered,
  browserTest,
  CHROMIUM,
  closeBrowserAfterAll,
  downloaded,
  openPage,
  servePages,
  visitAnswered,
} from "./chromium.ts";
import { packFiles } from "./pack_files.ts";
import {
  exportedRecord,
  runLine,
  section,
  SHORT,
  simulate,
} from "./simulation_steps.ts";

closeBrowserAfterAll();

const ROOT = new URL("../../", import.meta.url);
const SHARED = Deno.env.get("WATTKEEPER_SHARED");

let imported: Promise<string> | undefined;

/** A data home with everything imported, once for all tests: they only read it. */
function home(): Promise<string> {
  imported ??= (async () => {
    const folder = await Deno.makeTempDir({ prefix: "wattkeeper-packs-" });
    await runImport({
      source: `${SHARED}/aic-data`,
      store: `${folder}/wattkeeper`,
    });
    return folder;
  })();
  return imported;
}

Deno.test.afterAll(async () => {
  const folder = await imported;
  if (folder !== undefined) await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "[shared] a real pack gives the digits of sweep over the same pack",
  ignore: CHROMIUM === undefined || SHARED === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const store = `${await home()}/wattkeeper`;
    const files = packFiles(`${store}/packs`)
      .filter((path) => path.includes("h200_sxm"));
    assert(files.length > 0, "there are packs of h200_sxm");
    await using opened = await visitAnswered();
    const { page } = opened;
    await page.getByLabel("Add packs").setInputFiles(files);
    await page.locator(".pack").nth(files.length).waitFor();
    const version = "0.22.0";
    const row = page.locator(".pack", { hasText: `vllm ${version}` });
    await row.getByRole("button", { name: "Use" }).click();
    await page.waitForURL(new RegExp(`data=${version}`));
    await answered(page);
    const { bytes } = await downloaded(
      page,
      () => page.getByRole("button", { name: "JSON", exact: true }).click(),
    );
    const line = await page.getByLabel("Command line", { exact: true })
      .innerText();
    const args = (/main\.ts ([^]*)$/.exec(line)?.[1] ?? "").trim().split(
      /\s+/,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "main.ts",
        ...args,
        "--store",
        store,
        "--output",
        "json",
      ],
      cwd: ROOT,
    }).output();
    const [fromPage, fromSweep] = [bytes, stdout].map((text) => {
      const { stats: _, ...rest } = JSON.parse(
        new TextDecoder().decode(text),
      );
      return rest;
    });
    assert.deepEqual(fromPage, fromSweep);
    assert.equal(fromPage.provenance.data_version, version);
    assert.equal(fromPage.best.decode.latency_source, "silicon");
  },
});

Deno.test({
  ...browserTest(
    "[shared] a day over a real pack gives the digits of simulate over the same pack",
    async () => {
      await using web = await servePages();
      await using opened = await openPage();
      const { page } = opened;
      const folder = await home();
      const files = packFiles(`${folder}/wattkeeper/packs`)
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
        assert.equal(record, await runLine(page, folder));
        assert.equal(JSON.parse(record).data_version, "0.22.0");
      }
      // A configuration cannot ask for the built-in model where tables are imported; that is said.
      await page.getByRole("combobox", { name: "Performance data" })
        .selectOption("builtin");
      await answered(page);
      await simulate(page);
      await page.getByText("the answer above is of the built-in model")
        .waitFor();
      assert.equal(
        await exportedRecord(page),
        await runLine(page, folder),
      );
    },
  ),
  ignore: CHROMIUM === undefined || SHARED === undefined,
});
