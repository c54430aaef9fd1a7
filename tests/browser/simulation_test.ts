/** A day of traffic in the page: the digits of `simulate`, and what a person sees of it. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  downloaded,
  openPage,
  servePages,
} from "./chromium.ts";

closeBrowserAfterAll();

const ROOT = new URL("../../", import.meta.url);
/** An hour of four policies takes the simulator some seconds. */
const LINK = "v=1&mode=disagg&gpus=16&watts=8000&isl=3000&osl=300&hours=1";

const section = (page: Page) => page.locator(".simulation");
const button = (page: Page, name: string) =>
  section(page).getByRole("button", { name, exact: true });

async function program(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  // 1: ours passed the budget; the record says so.
  assert(code <= 1, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

async function simulated(page: Page): Promise<string> {
  await button(page, "Run").click();
  await button(page, "Run again").waitFor();
  const { bytes, name } = await downloaded(
    page,
    () => button(page, "A day of traffic: JSON").click(),
  );
  assert.equal(name, "simulation.json");
  return new TextDecoder().decode(bytes);
}

for (const resolution of ["loop", "request"]) {
  Deno.test(browserTest(
    `page and simulate give the same record to the digit: ${resolution}`,
    async () => {
      await using web = await servePages();
      await using opened = await openPage();
      const { page } = opened;
      await page.goto(`${web.url}#${LINK}&seed=7&resolution=${resolution}`);
      await answered(page);
      const fromPage = await simulated(page);
      const folder = await Deno.makeTempDir({ prefix: "wattkeeper-day-" });
      try {
        const config = await downloaded(
          page,
          () =>
            page.getByRole("button", { name: "planner.yaml", exact: true })
              .click(),
        );
        await Deno.writeFile(`${folder}/planner.yaml`, config.bytes);
        const line = await section(page).locator(".line code").innerText();
        const [, text = ""] = /main\.ts ([^]*)$/.exec(line) ?? [];
        const fromCommand = await program(
          text.trim().split(/\s+/).map((word) =>
            word === "planner.yaml" ? `${folder}/planner.yaml` : word
          ),
          { XDG_DATA_HOME: folder },
        );
        assert.equal(fromPage, fromCommand);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
      assert.deepEqual(opened.troubles, []);
    },
  ));
}
