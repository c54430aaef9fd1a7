/** A real Chromium for tests, and the page served as `web` serves it. @module */

import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { serveHttp } from "../../service/mod.ts";
import { buildWeb, builtFiles, pages } from "../../web/mod.ts";

/** Path of the browser; tests are skipped without one. */
export const CHROMIUM = Deno.env.get("WATTKEEPER_CHROMIUM");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** A browser that ends with its test. */
export async function openBrowser(): Promise<Browser & AsyncDisposable> {
  return await chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    args: FLAGS,
  });
}

/** The built pages on a free port. */
export async function servePages(): Promise<
  { readonly url: string } & AsyncDisposable
> {
  await buildWeb();
  const files = await builtFiles();
  if (!files) throw new Error("The pages are not built.");
  const page = pages(files, { withPlanner: false });
  const server = serveHttp(
    { hostname: "127.0.0.1", port: 0, part: "test.http" },
    (request) => page(request) ?? new Response("Nothing.", { status: 404 }),
  );
  return {
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.close(0),
  };
}

/** A page that fails its test when anything in it goes wrong unheard. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<
  { readonly page: Page; readonly troubles: string[] } & AsyncDisposable
> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    ...options,
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  return {
    page,
    troubles,
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Waits until the answer is whole. */
export async function answered(page: Page): Promise<void> {
  await page.locator('main[aria-busy="false"]').waitFor({ timeout: 30_000 });
}
