/** The dashboard over 125 nodes and 1,000 pods: trouble stands first, and everything can be reached. @module */

import assert from "node:assert/strict";
import { seriousFindings } from "./axe.ts";
import { browserTest, closeBrowserAfterAll, openPage } from "./chromium.ts";
import { startLargePlanner, TROUBLED } from "./large_planner.ts";

closeBrowserAfterAll();

/** More elements than this make a page slow to lay out on a small machine. */
const MOST_ELEMENTS = 1_500;

Deno.test(browserTest(
  "among a thousand GPUs what is in trouble stands first, a page of nodes at a time",
  async () => {
    await using planner = await startLargePlanner();
    await using opened = await openPage();
    const { page, troubles } = opened;
    await page.goto(planner.url);
    const nodes = page.getByRole("region", { name: "Nodes, table" });
    const names = () => nodes.locator("tbody th").allInnerTexts();
    await nodes.getByText(TROUBLED.node, { exact: true }).waitFor();
    assert.deepEqual(
      (await names()).slice(0, 4),
      [TROUBLED.node, TROUBLED.silent, "node-0", "node-1"],
    );
    assert.match(
      await page.getByLabel("GPUs that are not enforced").innerText(),
      new RegExp(
        `${TROUBLED.node} GPU ${TROUBLED.gpu} refused: ${TROUBLED.reason}`,
      ),
    );
    const elements = await page.evaluate<number>(
      "document.querySelectorAll('*').length",
    );
    assert(elements < MOST_ELEMENTS, `${elements} elements`);
    // Every node is on exactly one page.
    const seen = await names();
    const next = page.getByRole("button", { name: "Next", exact: true });
    while (await next.isEnabled()) {
      await next.click();
      seen.push(...await names());
    }
    assert.equal(seen.length, 125);
    assert.equal(new Set(seen).size, 125);
    // A page stays where it is while the fleet goes on.
    const before = await page.locator(".decision-id").first().innerText();
    await planner.tick();
    await page.locator(".decision-id").first().filter({ hasNotText: before })
      .waitFor();
    assert.equal(await next.isDisabled(), true);
    assert.deepEqual(await seriousFindings(page), []);
    assert.deepEqual(troubles, []);
  },
));
