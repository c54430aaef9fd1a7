/** The page for everybody: axe, keyboard, widths, themes, nothing that moves by itself. @module */

import assert from "node:assert/strict";
import { seriousFindings } from "./axe.ts";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  openPage,
  QUICK,
  servePages,
  visit,
  visitAnswered,
} from "./chromium.ts";

closeBrowserAfterAll();

const WIDTHS = [360, 768, 1920];
const STATES = [
  ["an answer", QUICK],
  ["no fleet", `${QUICK}&itl_ms=2`],
  ["an error", "v=1&model=nobody/knows-this&gpus=x"],
] as const;

for (const scheme of ["light", "dark"] as const) {
  for (const width of WIDTHS) {
    Deno.test(browserTest(
      `${width} px, ${scheme}: nothing serious for axe, nothing wider than the window`,
      async () => {
        await using web = await servePages();
        await using opened = await openPage({
          viewport: { width, height: 900 },
          colorScheme: scheme,
        });
        const { page } = opened;
        for (const [what, link] of STATES) {
          await page.goto(`${web.url}#${link}`);
          await answered(page);
          assert.deepEqual(await seriousFindings(page), [], what);
          const [content, window] = await page.evaluate(
            "[document.documentElement.scrollWidth, innerWidth]",
          ) as [number, number];
          assert(content <= window, `${what}: ${content} px in ${window} px`);
        }
      },
    ));
  }
}

Deno.test(browserTest(
  "open details, tables and racks have no serious finding either",
  async () => {
    await using opened = await visit(QUICK);
    const { page } = opened;
    await page.getByText("More", { exact: true }).click();
    await page.getByRole("radio", { name: "From racks" }).check();
    await page.getByRole("checkbox", { name: /Prefill layout/ }).check();
    for (
      const button of await page.getByRole("button", { name: "Table" }).all()
    ) {
      await button.click();
    }
    await answered(page);
    assert.deepEqual(await seriousFindings(page), []);
  },
));

Deno.test(browserTest(
  "nothing moves while the answer comes in, nor when the next one does",
  async () => {
    await using web = await servePages();
    for (const width of WIDTHS) {
      await using opened = await openPage({ viewport: { width, height: 900 } });
      const { page } = opened;
      await page.addInitScript(
        "globalThis.shifts = []; new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts.push(entry.value); }).observe({ type: 'layout-shift', buffered: true });",
      );
      await page.goto(web.url);
      await answered(page);
      await page.getByRole("textbox", { name: "All caps together" }).fill("12");
      await answered(page);
      const shifts = await page.evaluate("shifts") as number[];
      const sum = shifts.reduce((total, value) => total + value, 0);
      assert(sum < 0.01, `${width} px: ${shifts.join(", ")}`);
    }
  },
));

Deno.test(browserTest(
  "the keyboard alone reaches every control, and the way to the answer is short",
  async () => {
    await using opened = await visitAnswered(QUICK);
    const { page } = opened;
    await page.keyboard.press("Tab");
    assert.equal(
      await page.evaluate("document.activeElement.textContent"),
      "To the answer",
    );
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "answer");
    await page.evaluate("document.activeElement.blur()");
    await page.reload();
    await answered(page);
    const reached = new Set<string>();
    for (let press = 0; press < 140; press++) {
      await page.keyboard.press("Tab");
      const name = await page.evaluate(
        "(() => { const e = document.activeElement; return e === document.body ? '' : e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent.slice(0, 40); })()",
      ) as string;
      reached.add(name);
    }
    for (
      const name of [
        "Model",
        "All caps together, slider",
        "ITL, at most",
        "JSON",
        "planner.yaml",
        "What watts buy: PNG",
        "Best fleet, table",
      ]
    ) {
      assert(
        [...reached].some((one) => one.includes(name)),
        `${name}: ${[...reached].join(" | ")}`,
      );
    }
  },
));
