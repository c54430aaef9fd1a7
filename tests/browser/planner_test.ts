/** The capacity planner in Chromium: questions, answers, plots. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  downloaded,
  figure,
  numberIn,
  openPage,
  servePages,
  visit,
  visitAnswered,
} from "./chromium.ts";

closeBrowserAfterAll();

Deno.test(browserTest(
  "the page answers as soon as it is open, without a fault",
  async () => {
    await using opened = await visitAnswered();
    const { page, troubles } = opened;
    assert(numberIn(await figure(page, "Throughput").textContent()) > 0);
    assert.match(
      await page.locator("h1").innerText(),
      /tokens\/s inside 30\.0 kW/,
    );
    const sources = await page.locator(".figure .source").allInnerTexts();
    assert(
      sources.every((word) => ["roofline", "chosen"].includes(word)),
      sources.join(),
    );
    assert.deepEqual(troubles, []);
  },
));

Deno.test(browserTest(
  "more watts bring more tokens, and the address follows",
  async () => {
    await using opened = await visitAnswered();
    const { page } = opened;
    const before = numberIn(await figure(page, "Throughput").textContent());
    await page.getByRole("textbox", { name: "All caps together" }).fill("40");
    await page.waitForURL(/watts=40000/);
    await answered(page);
    const after = numberIn(await figure(page, "Throughput").textContent());
    assert(after > before, `${after} after ${before}`);
    await page.reload();
    await answered(page);
    assert.equal(
      numberIn(await figure(page, "Throughput").textContent()),
      after,
    );
  },
));

Deno.test(browserTest(
  "dragging supersedes: only the last question is answered",
  async () => {
    await using opened = await visitAnswered();
    const { page, troubles } = opened;
    const slider = page.getByRole("slider", { name: "All caps together" });
    await slider.focus();
    for (let press = 0; press < 40; press++) {
      await page.keyboard.press(
        "ArrowRight",
      );
    }
    await answered(page);
    const kilowatts = Number(
      await page.getByRole("textbox", { name: "All caps together" })
        .inputValue(),
    );
    assert(kilowatts > 30);
    assert.match(
      await page.locator("h1").innerText(),
      new RegExp(`inside ${kilowatts.toFixed(1)} kW`),
    );
    assert.deepEqual(troubles, []);
  },
));

Deno.test(browserTest(
  "an infeasible question says what binds, and one click makes it feasible",
  async () => {
    await using opened = await visitAnswered(
      "v=1&itl_ms=2&watts=30000&power=budget",
    );
    const { page } = opened;
    assert.match(
      await page.locator("h1").innerText(),
      /No fleet meets these limits: ITL/,
    );
    assert.equal(await figure(page, "Throughput").textContent(), "–");
    assert.equal(await page.locator(".plot-empty").count(), 4);
    await page.getByRole("button", { name: /Set ITL to/ }).click();
    await answered(page);
    assert(numberIn(await figure(page, "Throughput").textContent()) > 0);
  },
));

Deno.test(browserTest(
  "racks and headroom become a budget, and one that cannot be is an error",
  async () => {
    await using opened = await visit();
    const { page } = opened;
    await page.getByRole("radio", { name: "From racks" }).check();
    await answered(page);
    const sum = page.locator(".sum");
    // 4 racks × 14 kW × 0.9 − 8 nodes × 1500 W.
    assert.match(await sum.innerText(), /GPU budget\s+38,400 W/);
    assert.match(await page.locator("h1").innerText(), /inside 38\.4 kW/);
    await page.getByRole("textbox", { name: "Nodes" }).fill("2");
    await page.getByText("This cannot be answered").waitFor();
    assert.match(
      await page.locator(".headline").innerText(),
      /The racks hold 16 GPUs/,
    );
  },
));

Deno.test(browserTest(
  "a number that is none is named beside its field, and the answer stays",
  async () => {
    await using opened = await visitAnswered();
    const { page } = opened;
    const before = await figure(page, "Throughput").textContent();
    await page.getByRole("textbox", { name: "ITL" }).fill("fast");
    await page.getByText("Write a number of ms from 0.1 to 60000.").waitFor();
    assert.equal(await figure(page, "Throughput").textContent(), before);
  },
));

Deno.test(browserTest("a pinned layout is what the fleet runs", async () => {
  await using web = await servePages();
  await using opened = await openPage();
  const { page } = opened;
  await page.goto(`${web.url}#v=1&mode=disagg`);
  await page.getByRole("checkbox", { name: /Decode layout/ }).check();
  await page.getByRole("combobox", { name: "Decode tp" }).selectOption("4");
  await answered(page);
  const row = page.locator(".fleet tbody tr", { hasText: "Decode" });
  assert.match(await row.innerText(), /TP4/);
  assert.match(
    await page.getByLabel("Command line", { exact: true }).innerText(),
    /--pin-decode tp=4/,
  );
}));

Deno.test(browserTest("a trace gives lengths and demand", async () => {
  await using web = await servePages();
  await using opened = await openPage();
  const { page } = opened;
  await page.goto(web.url);
  const lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"];
  for (let second = 0; second < 600; second++) {
    const time = new Date(Date.UTC(2023, 10, 16, 18, 0, second)).toISOString()
      .replace("T", " ").replace("Z", "");
    lines.push(`${time},${second % 2 === 0 ? 1000 : 3000},250`);
  }
  await page.getByLabel("Trace file").setInputFiles({
    name: "trace.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(lines.join("\n")),
  });
  await page.getByRole("group", { name: "Trace" }).waitFor();
  assert.equal(
    await page.getByRole("textbox", { name: "Input", exact: true })
      .inputValue(),
    "2000",
  );
  assert.equal(
    await page.getByRole("textbox", { name: "Output", exact: true })
      .inputValue(),
    "250",
  );
  await page.getByRole("button", { name: "Demand of its busiest window" })
    .click();
  await answered(page);
  assert.equal(
    await page.getByRole("textbox", { name: "Demand", exact: true })
      .inputValue(),
    "1",
  );
}));

Deno.test(browserTest("a file that is no trace is named", async () => {
  await using web = await servePages();
  await using opened = await openPage();
  const { page } = opened;
  await page.goto(web.url);
  await page.getByLabel("Trace file").setInputFiles({
    name: "shopping.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("eggs,milk\n1,2\n"),
  });
  await page.getByText('The file "shopping.csv" is not a trace').waitFor();
}));

Deno.test(browserTest(
  "every plot can be hovered, zoomed and read from the keyboard, and has its table, CSV and PNG",
  async () => {
    await using opened = await visitAnswered();
    const { page, troubles } = opened;
    const plots = page.locator(".plot");
    assert.equal(await plots.count(), 4);
    for (let index = 0; index < 4; index++) {
      const plot = plots.nth(index);
      const area = plot.locator(".plot-area");
      await plot.scrollIntoViewIfNeeded();
      const hint = await plot.locator(".readout").innerText();
      const box = await area.boundingBox();
      assert(box);
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      const hovered = await plot.locator(".readout").innerText();
      assert.notEqual(hovered, hint);
      await page.mouse.move(0, 0);
      await area.focus();
      await page.keyboard.press("Home");
      const first = await plot.locator(".readout").innerText();
      await page.keyboard.press("ArrowRight");
      assert.notEqual(await plot.locator(".readout").innerText(), first);
      assert.equal(
        await plot.locator('[aria-live="polite"]').innerText(),
        await plot.locator(".readout").innerText(),
      );
      const before = await area.locator("canvas").screenshot();
      await page.keyboard.press("+");
      const zoomed = await area.locator("canvas").screenshot();
      assert.notDeepEqual(zoomed, before);
      await page.keyboard.press("0");
      const image = await downloaded(
        page,
        () => plot.getByRole("button", { name: "PNG" }).click(),
      );
      assert.deepEqual([...image.bytes.subarray(0, 4)], [
        0x89,
        0x50,
        0x4e,
        0x47,
      ]);
      const csv = await downloaded(
        page,
        () => plot.getByRole("button", { name: "CSV" }).click(),
      );
      const rows = new TextDecoder().decode(csv.bytes).trim().split("\r\n");
      await plot.getByRole("button", { name: "Table" }).click();
      assert.equal(await plot.locator("tbody tr").count(), rows.length - 1);
    }
    assert.deepEqual(troubles, []);
  },
));
