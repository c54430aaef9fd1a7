/** Page, `sweep` and `plan --once` give the same digits. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  downloaded,
  openPage,
  servePages,
  visitAnswered,
} from "./chromium.ts";

closeBrowserAfterAll();

const ROOT = new URL("../../", import.meta.url);

async function program(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** The line that the page shows, run as it is with one flag more. */
async function runLine(
  page: Page,
  ...more: readonly string[]
): Promise<string> {
  const line = await page.getByLabel("Command line", { exact: true })
    .innerText();
  const [, text = ""] = /main\.ts ([^]*)$/.exec(line) ?? [];
  return await program([...text.trim().split(/\s+/), ...more]);
}

async function exported(page: Page, name: string): Promise<string> {
  const { bytes } = await downloaded(
    page,
    () =>
      page.locator('section[aria-labelledby="take-heading"]').getByRole(
        "button",
        { name, exact: true },
      ).click(),
  );
  return new TextDecoder().decode(bytes);
}

/** An answer without what a clock measured. */
function timeless(text: string): unknown {
  const { stats: { candidates, rows }, ...answer } = JSON.parse(text);
  return { ...answer, stats: { candidates, rows } };
}

for (
  const [what, link] of [
    [
      "a budget over two kinds of worker",
      "v=1&mode=disagg&gpus=32&watts=12000&isl=3000&osl=300",
    ],
    [
      "the better of both, for efficiency, with a demand",
      "v=1&goal=efficiency&rate=7.5&gpus=24&power=none",
    ],
    [
      "experts on Blackwell with a pinned side",
      "v=1&model=Qwen/Qwen3-235B-A22B&gpu=b200_sxm&gpus=64&mode=disagg&pin_decode=tp=8,moe_ep=8&watts=45000.5",
    ],
  ] as const
) {
  Deno.test(browserTest(
    `page and sweep give the same answer to the digit: ${what}`,
    async () => {
      await using opened = await visitAnswered(link);
      const { page } = opened;
      const fromPage = await exported(page, "JSON");
      assert.deepEqual(
        timeless(fromPage),
        timeless(await runLine(page, "--output", "json")),
      );
      assert.equal(
        await exported(page, "CSV"),
        await runLine(page, "--output", "csv"),
      );
    },
  ));
}

Deno.test(browserTest(
  "plan takes the page's planner.yaml, and its search gives the page's digits",
  async () => {
    await using web = await servePages();
    await using opened = await openPage();
    const { page } = opened;
    const folder = await Deno.makeTempDir({ prefix: "wattkeeper-page-" });
    try {
      // Pinned, as a planner's layouts are; a demand that no fleet inside the watts serves, so that caps are searched.
      await page.goto(
        `${web.url}#v=1&mode=disagg&gpus=32&watts=11000&isl=3000&osl=300&pin_prefill=tp=2&pin_decode=tp=4`,
      );
      await answered(page);
      const config = `${folder}/planner.yaml`;
      await Deno.writeTextFile(config, await exported(page, "planner.yaml"));
      await program(["plan", "--config", config, "--check"]);
      const trace = `${folder}/trace.jsonl`;
      const lines = Array.from(
        { length: 60_000 },
        (_, index) =>
          JSON.stringify({
            timestamp: index * 10,
            input_length: 3000,
            output_length: 300,
          }),
      );
      await Deno.writeTextFile(trace, lines.join("\n"));
      const decision = JSON.parse(
        await program([
          "plan",
          "--config",
          config,
          "--once",
          "--trace",
          trace,
          "--output",
          "json",
        ]),
      );
      const { best } = JSON.parse(await exported(page, "JSON"));
      const found = JSON.stringify(decision);
      const optimized = decision.reasons.find(({ kind }: { kind: string }) =>
        kind === "optimized"
      );
      assert(optimized, found);
      assert.equal(optimized.tokens_per_second, best.tokens_per_second, found);
      assert.deepEqual(optimized.caps_watts ?? optimized.caps, {
        prefill: best.prefill.cap_watts,
        decode: best.decode.cap_watts,
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
));
