/** The dashboard in Chromium over the real planner and its simulated fleet. @module */

import assert from "node:assert/strict";
import { buildWeb, builtFiles, pages, plannerProxy } from "../../web/mod.ts";
import { serveHttp } from "../../service/mod.ts";
import { seriousFindings } from "./axe.ts";
import { type RunningPlanner, startPlanner } from "./planner_process.ts";
import {
  browserTest,
  closeBrowserAfterAll,
  numberIn,
  openPage,
} from "./chromium.ts";

closeBrowserAfterAll();

let running: Promise<RunningPlanner> | undefined;

/** One planner for every test that only looks at it. */
function planner(): Promise<RunningPlanner> {
  running ??= startPlanner();
  return running;
}

Deno.test.afterAll(async () => {
  await (await running)?.[Symbol.asyncDispose]();
});

Deno.test(browserTest(
  "the dashboard is live: watts, sides, nodes, decisions with reasons",
  async () => {
    const { url } = await planner();
    await using opened = await openPage();
    const { page, troubles } = opened;
    await page.goto(url);
    await page.locator(".fresh-live").waitFor();
    await page.getByText(/of 6,000 W charged/).waitFor();
    const state = await (await fetch(`${url}api/v1/state`)).json();
    // Budget, charged, effective and drawn watts, in this order and none above the one before.
    for (let place = 0; place < 4; place++) {
      await page.locator(".figure-value").nth(place).filter({ hasText: /\d/ })
        .waitFor();
    }
    const [budget = 0, charged = 0, effective = 0, drawn = 0] =
      (await page.locator(".figure-value").allInnerTexts()).map(numberIn);
    assert.equal(budget, state.budget_watts);
    assert(charged > 0 && charged <= budget);
    assert(effective > 0 && effective <= budget);
    assert(drawn > 0 && drawn <= effective);
    const sides = page.getByRole("region", { name: "Sides, table" });
    assert.equal(await sides.locator("tbody tr").count(), 2);
    const nodes = page.getByRole("region", { name: "Nodes, table" });
    assert.equal(await nodes.locator("tbody tr").count(), state.nodes_total);
    assert.match(await nodes.innerText(), /\d s old/);
    // A decision is made while we look: it appears by itself.
    const before = numberIn(
      await page.locator(".decision-id").first().innerText(),
    );
    await page.getByText(`#${before + 2}`, { exact: true }).waitFor();
    assert.match(
      await page.locator(".decisions li").first().innerText(),
      /asked .* → /,
    );
    assert.deepEqual(await seriousFindings(page), []);
    assert.deepEqual(troubles, []);
  },
));

Deno.test(
  browserTest("the capacity planner is beside it, and leads back", async () => {
    const { url } = await planner();
    await using opened = await openPage();
    const { page } = opened;
    await page.goto(url);
    await page.getByRole("link", { name: "Capacity" }).click();
    await page.getByText(/tokens\/s inside/).waitFor();
    await page.getByRole("link", { name: "Fleet" }).click();
    await page.locator(".fresh-live").waitFor();
  }),
);

Deno.test(browserTest(
  "the planner going away is shown, what was read stays, and another one is picked up",
  async () => {
    await using opened = await openPage();
    const { page } = opened;
    let port: number;
    {
      await using leaving = await startPlanner();
      port = leaving.port;
      await page.goto(leaving.url);
      await page.locator(".fresh-live").waitFor();
      await page.getByText(/of 6,000 W charged/).waitFor();
    }
    await page.getByText(/The planner does not answer; this was read \d+ s ago/)
      .waitFor();
    assert.match(await page.locator("h1").innerText(), /of 6,000 W charged/);
    await using _again = await startPlanner(port);
    await page.locator(".fresh-live").waitFor();
    await page.getByText(
      "The planner was restarted once while this page was open.",
    ).waitFor();
    const first = numberIn(
      await page.locator(".decision-id").first().innerText(),
    );
    await page.getByText(`#${first + 1}`, { exact: true }).waitFor();
  },
));

Deno.test(browserTest(
  "web --planner shows the same dashboard from another address",
  async () => {
    const { url } = await planner();
    const files = await builtFiles();
    assert(files);
    const page = pages(files, { withPlanner: true });
    const proxy = plannerProxy(new URL(url));
    const server = serveHttp(
      { hostname: "127.0.0.1", port: 0, part: "test.web" },
      async (request) =>
        page(request) ?? await proxy(request) ??
          new Response(null, { status: 404 }),
    );
    try {
      await using opened = await openPage({
        viewport: { width: 360, height: 800 },
      });
      await opened.page.goto(`http://127.0.0.1:${server.port}/`);
      await opened.page.locator(".fresh-live").waitFor();
      await opened.page.locator(".decision-id").first().waitFor();
      const [content, window] = await opened.page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth]",
      ) as [number, number];
      assert(content <= window, `${content} px in ${window} px`);
      assert.deepEqual(await seriousFindings(opened.page), []);
    } finally {
      await server.close();
    }
  },
));

Deno.test(
  browserTest("a page without a planner behind it says so", async () => {
    const files = await (async () => {
      await buildWeb();
      return await builtFiles();
    })();
    assert(files);
    const page = pages(files, { withPlanner: true });
    const server = serveHttp(
      { hostname: "127.0.0.1", port: 0, part: "test.web" },
      (request) => page(request) ?? new Response(null, { status: 404 }),
    );
    try {
      await using opened = await openPage();
      await opened.page.goto(`http://127.0.0.1:${server.port}/`);
      await opened.page.getByText("No planner answers here").waitFor();
      await opened.page.getByText("The planner answered 404.").waitFor();
      assert.deepEqual(await seriousFindings(opened.page), []);
    } finally {
      await server.close();
    }
  }),
);
