/**
 * Size of the page and its speed in Chromium: bundle, first answer, searches. Prints; judges nothing. Needs
 * `WATTKEEPER_CHROMIUM`, the path of a browser.
 * @module
 */

import { type Page } from "playwright-core";
import { builtFiles } from "../../web/mod.ts";
import {
  answered,
  browser,
  CHROMIUM,
  openPage,
  servePages,
} from "../browser/chromium.ts";

/** Loads, and searches, that a median is taken of. */
const LOADS = 7;
const SEARCHES = 15;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

async function sizes(): Promise<void> {
  const files = await builtFiles();
  const page = ["index.html", "style.css", "planner.js", "worker.js"];
  let [plain, packed] = [0, 0];
  for (const name of page) {
    const bytes = files?.get(name);
    if (!bytes) continue;
    const small = await gzipped(bytes);
    console.log(`${name.padEnd(14)} ${bytes.length} bytes, ${small} with gzip`);
    plain += bytes.length;
    packed += small;
  }
  console.log(
    `page with the built-in model: ${plain} bytes, ${packed} with gzip (at most 400 KB)`,
  );
  const simulator = files?.get("simulator.js");
  if (simulator) {
    console.log(
      `simulator.js, loaded at the first simulation: ${simulator.length} bytes, ${await gzipped(
        simulator,
      )} with gzip`,
    );
  }
}

/** Milliseconds from the navigation to the first answer, by the page's own clock. */
async function firstAnswers(url: string): Promise<number[]> {
  const found: number[] = [];
  for (let load = 0; load < LOADS; load++) {
    await using opened = await openPage();
    await opened.page.goto(url);
    await answered(opened.page);
    found.push(
      await opened.page.evaluate<number>(
        'performance.getEntriesByName("answered")[0].startTime',
      ),
    );
  }
  return found;
}

/** Search times of fresh budgets as the answer itself reports them. */
async function searches(
  page: Page,
  url: string,
  link: string,
): Promise<number[]> {
  const found: number[] = [];
  for (let search = 0; search < SEARCHES; search++) {
    // Another input length each time, so that no row is remembered.
    await page.goto(
      `${url}#${link}&isl=${3000 + search}&watts=${25_000 + search * 100}`,
    );
    const kilowatts = ((25_000 + search * 100) / 1000).toFixed(1);
    // The best fleet is there long before its plots are.
    await page.getByText(`inside ${kilowatts} kW`).waitFor();
    const text = await page.locator(".facts").innerText();
    found.push(
      Number(/points in ([\d.,]+) ms/.exec(text)?.[1]?.replace(",", "") ?? NaN),
    );
  }
  return found;
}

if (import.meta.main) {
  if (CHROMIUM === undefined) {
    console.log("Set WATTKEEPER_CHROMIUM to the path of a browser.");
    Deno.exit(1);
  }
  await using web = await servePages();
  await sizes();
  const first = await firstAnswers(web.url);
  console.log(
    `first answer after load: median ${median(first).toFixed(0)} ms, ${
      Math.min(...first).toFixed(0)
    } to ${Math.max(...first).toFixed(0)} ms (at most 1 s)`,
  );
  for (const model of ["Qwen/Qwen3-32B", "Qwen/Qwen3-235B-A22B"]) {
    await using opened = await openPage();
    const times = await searches(
      opened.page,
      web.url,
      `v=1&gpus=64&model=${model}`,
    );
    console.log(
      `search of 64 GPUs with caps, ${model}: median ${
        median(times).toFixed(1)
      } ms, at most ${Math.max(...times).toFixed(1)} ms (median at most 50 ms)`,
    );
  }
  await (await browser()).close();
}
