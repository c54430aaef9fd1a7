/** A day of traffic in the page, as a person sees it. @module */

import assert from "node:assert/strict";
import { seriousFindings } from "./axe.ts";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  openPage,
  servePages,
  visitAnswered,
} from "./chromium.ts";
import {
  button,
  section,
  SHORT,
  simulate,
  simulator,
  visitSimulated,
} from "./simulation_steps.ts";

closeBrowserAfterAll();

/** All that loads before somebody simulates, compressed. */
const MOST_BYTES = 400_000;
/** So long that no test waits for its end. */
const LONG = SHORT.replace("hours=0.1", "hours=744");

Deno.test(browserTest(
  "the simulator is loaded when it is asked for, and not before",
  async () => {
    const loaded = new Map<string, number>();
    await using web = await servePages();
    await using opened = await openPage();
    const { page } = opened;
    page.on("response", async (response) => {
      const { pathname } = new URL(response.url());
      loaded.set(pathname, 0);
      const body = await response.body().catch(() => new Uint8Array());
      const packed = new Blob([new Uint8Array(body)]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      loaded.set(
        pathname,
        (await new Response(packed).arrayBuffer()).byteLength,
      );
    });
    await page.goto(`${web.url}#${SHORT}`);
    await answered(page);
    assert(!loaded.has("/simulator.js"), [...loaded.keys()].join());
    const bytes = [...loaded.values()].reduce((sum, one) => sum + one, 0);
    assert(bytes > 0 && bytes <= MOST_BYTES, `${bytes} bytes`);
    await simulate(page);
    assert(loaded.has("/simulator.js"));
  },
));

Deno.test(browserTest(
  "ours stands first, the best of a row is said, and the chosen policy is shown over time",
  async () => {
    await using opened = await visitSimulated(`${SHORT}&resolution=request`);
    const { page } = opened;
    assert.deepEqual(
      (await section(page).locator(".score-table thead th").allInnerTexts())
        .slice(1),
      ["Wattkeeper", "Static caps", "Uncapped", "Decode first"],
    );
    const row = (name: string) =>
      section(page).locator(".score-table tbody tr", { hasText: name });
    for (const name of ["tokens/s in time", "TTFT p50 / p99", "times over"]) {
      assert.match(await row(name).innerText(), /\d/, name);
    }
    const joules = row("per joule drawn");
    const cells = await joules.locator("td").allInnerTexts();
    const values = cells.map((text) => Number.parseFloat(text));
    assert.deepEqual(
      cells.map((text) => text.includes("best")),
      values.map((value) => value === Math.max(...values)),
    );
    const caps = section(page).locator(".plot", { hasText: "Caps of one GPU" });
    assert.match(await caps.locator(".readout").innerText(), /prefill, decode/);
    await section(page).getByRole("radio", { name: "Uncapped" }).check();
    assert.match(
      await caps.locator(".readout").innerText(),
      /This policy sets no caps/,
    );
  },
));

Deno.test(browserTest(
  "an instant is chosen from the keyboard, and its decision has reasons",
  async () => {
    await using opened = await visitSimulated(SHORT);
    const { page } = opened;
    const instant = section(page).getByRole("slider", { name: "Instant" });
    assert.equal(await instant.inputValue(), "0");
    await section(page).getByRole("application", { name: /^Watts/ }).focus();
    for (let press = 0; press < 6; press++) {
      await page.keyboard.press("ArrowRight");
    }
    await page.keyboard.press("Enter");
    assert.equal(await instant.inputValue(), "5");
    const decision = section(page).getByRole("region", {
      name: "Decision",
      exact: true,
    });
    assert.match(await decision.innerText(), /replicas, caps .* W/);
    await decision.locator("li").first().waitFor();
    const table = section(page).locator(".plot", { hasText: "Watts against" });
    await table.getByRole("button", { name: "Table" }).click();
    assert.match(
      await table.locator("tbody tr").first().innerText(),
      /00:00\s+[\d,.]+ k?W\s+[\d,.]+ k?W\s+4,000 W/,
    );
  },
));

Deno.test(browserTest(
  "searches go on while it runs, and what is done when it is stopped stays",
  async () => {
    await using opened = await visitAnswered(LONG);
    const { page } = opened;
    await button(page, "Run").click();
    const status = page.locator(".simulation-status");
    await status.getByText("Wattkeeper, policy 1 of 4").waitFor();
    await page.getByRole("textbox", { name: "ITL" }).fill("25");
    await answered(page);
    assert.match(
      await page.locator(".figure", { hasText: "ITL" }).innerText(),
      /of 25\.0 ms/,
    );
    await status.getByText("belong to another fleet").waitFor();
    const ended = (await simulator(page)).waitForEvent("close");
    await button(page, "Stop").click();
    await status.getByText("Stopped with 0 of 4 policies done").waitFor();
    await ended;
    assert.equal(page.workers().length, 1);
    assert.equal(
      await button(page, "A day of traffic: JSON").isDisabled(),
      true,
    );
  },
));

Deno.test(browserTest(
  "the result of another fleet stays and says so until it is run again",
  async () => {
    await using opened = await visitSimulated(SHORT);
    const { page } = opened;
    const figures = () =>
      section(page).locator(".score-table tbody").innerText();
    const before = await figures();
    const other = page.locator(".simulation-status").getByText(
      "belong to another fleet",
    );
    assert.equal(await other.count(), 0);
    await page.getByRole("textbox", { name: "All caps together" }).fill("3");
    await answered(page);
    await other.waitFor();
    assert.equal(await figures(), before);
    await simulate(page);
    assert.equal(await other.count(), 0);
    assert.notEqual(await figures(), before);
  },
));

Deno.test(browserTest(
  "a simulator that dies, or is not there, is told, and can be run again",
  async () => {
    let missing = true;
    await using web = await servePages((request) =>
      missing && request.url.endsWith("/simulator.js")
        ? new Response("gone", { status: 404 })
        : undefined
    );
    await using opened = await openPage();
    const { page } = opened;
    await page.goto(`${web.url}#${LONG}`);
    await answered(page);
    const told = page.locator(".simulation-status").getByText(
      "The simulator stopped by itself.",
    );
    await button(page, "Run").click();
    await told.waitFor();
    missing = false;
    await button(page, "Run again").click();
    await page.locator(".simulation-status").getByText("busiest hour")
      .waitFor();
    const worker = await simulator(page);
    await worker.evaluate(
      "void setTimeout(() => { throw new Error('broken'); })",
    );
    await told.waitFor();
    await section(page).getByRole("textbox", { name: "Hours" }).fill("0.1");
    await simulate(page);
    assert.equal(await told.count(), 0);
  },
));

for (
  const [what, link, said] of [
    ["no fleet", "v=1&itl_ms=2", "Without a fleet there is nothing"],
    ["no budget", "v=1&power=none", "inside a power budget"],
    ["a trace that is not here", `${SHORT}&traffic=trace`, "drop it again"],
  ] as const
) {
  Deno.test(browserTest(
    `with ${what} it cannot be run, and says why`,
    async () => {
      await using opened = await visitAnswered(link);
      const { page } = opened;
      await page.locator(".simulation-status").getByText(said).waitFor();
      assert.equal(await button(page, "Run").isDisabled(), true);
    },
  ));
}

Deno.test(browserTest(
  "it may connect to nothing either",
  async () => {
    await using opened = await visitAnswered(LONG);
    const { page } = opened;
    await button(page, "Run").click();
    await page.locator(".simulation-status").getByText("busiest hour")
      .waitFor();
    const worker = await simulator(page);
    assert.equal(
      await worker.evaluate(
        `fetch(${
          JSON.stringify(`${new URL(page.url()).origin}/leak`)
        }).then(() => "sent", () => "refused")`,
      ),
      "refused",
    );
  },
));

for (
  const [width, scheme] of [[360, "dark"], [1920, "light"]] as const
) {
  Deno.test(browserTest(
    `${width} px, ${scheme}: nothing serious for axe, nothing too wide, nothing that moves while it runs`,
    async () => {
      await using web = await servePages();
      await using opened = await openPage({
        viewport: { width, height: 900 },
        colorScheme: scheme,
      });
      const { page } = opened;
      await page.goto(`${web.url}#${SHORT}&resolution=request`);
      await answered(page);
      await section(page).scrollIntoViewIfNeeded();
      await button(page, "Run").click();
      await section(page).locator(".score-table").waitFor();
      await page.evaluate(
        "globalThis.shifts = []; new PerformanceObserver((list) => { for (const entry of list.getEntries()) shifts.push([entry.value, ...entry.sources.map(({ node }) => (node?.parentElement?.outerHTML ?? '').slice(0, 90))]); }).observe({ type: 'layout-shift' });",
      );
      await button(page, "Run again").waitFor();
      const [content, window, shifts] = await page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth, shifts]",
      ) as [number, number, [number, ...string[]][]];
      assert(content <= window, `${content} px in ${window} px`);
      const sum = shifts.reduce((total, [value]) => total + value, 0);
      assert(sum < 0.01, shifts.join(", "));
      assert.deepEqual(await seriousFindings(page), []);
    },
  ));
}
