/** Steps of the tests that simulate in the page. @module */

import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { downloaded, visitAnswered } from "./chromium.ts";

const ROOT = new URL("../../", import.meta.url);

/** A small fleet, and the shortest time there is: the lead-in and six minutes. */
export const SHORT =
  "v=1&mode=disagg&gpus=8&watts=4000&isl=3000&osl=300&hours=0.1";

/** The part of the page that simulates. */
export function section(page: Page) {
  return page.locator(".simulation");
}

/** One of its buttons. */
export function button(page: Page, name: string) {
  return section(page).getByRole("button", { name, exact: true });
}

/** Starts it and waits until every policy is done. */
export async function simulate(page: Page): Promise<void> {
  await section(page).getByRole("button", { name: /^Run/ }).click();
  await page.locator(".simulation-status").getByText("in its busiest hour")
    .or(page.locator(".simulation-status").getByText("in the mean")).waitFor();
  await button(page, "Run again").waitFor();
}

/** The page at a link, once every policy has been simulated. */
export async function visitSimulated(
  ...where: Parameters<typeof visitAnswered>
): ReturnType<typeof visitAnswered> {
  const visited = await visitAnswered(...where);
  await simulate(visited.page);
  return visited;
}

/** The record that the page exports. */
export async function exportedRecord(page: Page): Promise<string> {
  const { bytes } = await downloaded(
    page,
    () => button(page, "A day of traffic: JSON").click(),
  );
  return new TextDecoder().decode(bytes);
}

/** The worker that simulates, while it does. */
export async function simulator(page: Page) {
  for (const worker of page.workers()) {
    const name = await worker.evaluate("self.name").catch(() => undefined);
    if (name === "simulator") return worker;
  }
  throw new Error("Nothing is simulated.");
}

/**
 * Runs the page's own line over its own `planner.yaml`.
 *
 * @param home where the command finds imported packs
 * @param files paths in place of the names in the line
 */
export async function runLine(
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

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<
  { readonly path: string } & AsyncDisposable
> {
  const path = await Deno.makeTempDir({ prefix: "wattkeeper-day-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
