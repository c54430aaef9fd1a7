/** Steps of the tests that simulate in the page. @module */

import type { Page } from "playwright-core";
import { downloaded } from "./chromium.ts";

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
