/** A real Chromium for tests, and the page served as `web` serves it. @module */

import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { type HttpHandler, serveHttp } from "../../service/mod.ts";
import {
  buildWeb,
  builtFiles,
  type PageHandler,
  pages,
} from "../../web/mod.ts";

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

/** Longest wait for something that a page is to show; the machine may be busy. */
export const PATIENCE_MS = 40_000;

/** A link whose whole answer is there at once, for tests that are not about a large search. */
export const QUICK = "v=1&gpus=8&watts=4000&mode=disagg";

let shared: Promise<Browser> | undefined;

/** The browser of a test file, started when it is first needed. */
export function browser(): Promise<Browser> {
  shared ??= chromium.launch({
    ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }),
    args: FLAGS,
  });
  return shared;
}

/** A test in Chromium, for `Deno.test` of the file that has it: a report names the file in which that is called. */
export function browserTest(
  name: string,
  run: () => Promise<void>,
): Deno.TestDefinition {
  return {
    name,
    ignore: CHROMIUM === undefined,
    // The connection to the browser outlives a test.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: run,
  };
}

/** Ends the browser of a test file. */
export function closeBrowserAfterAll(): void {
  Deno.test.afterAll(async () => {
    const open = await shared;
    shared = undefined;
    await open?.close();
  });
}

let handler: Promise<PageHandler> | undefined;

async function builtPages(): Promise<PageHandler> {
  await buildWeb();
  const files = await builtFiles();
  if (!files) throw new Error("The pages are not built.");
  return pages(files, { withPlanner: false });
}

/**
 * The built pages on a free port.
 *
 * @param instead asked first: stands in for a file, or fails
 */
export async function servePages(
  instead: (request: Request) => ReturnType<HttpHandler> | undefined = () =>
    undefined,
): Promise<{ readonly url: string } & AsyncDisposable> {
  handler ??= builtPages();
  const page = await handler;
  const server = serveHttp(
    { hostname: "127.0.0.1", port: 0, part: "test.http" },
    (request) =>
      instead(request) ?? page(request) ??
        new Response("Nothing.", { status: 404 }),
  );
  return {
    url: `http://127.0.0.1:${server.port}/`,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A page in a profile of its own, with what went wrong in it. */
export async function openPage(
  options: BrowserContextOptions = {},
): Promise<
  & { readonly page: Page; readonly troubles: readonly string[] }
  & AsyncDisposable
> {
  const context = await (await browser()).newContext({
    viewport: { width: 1440, height: 1000 },
    acceptDownloads: true,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  return { page, troubles, [Symbol.asyncDispose]: () => context.close() };
}

/** The planner's page at a link, served and opened. @param link what follows `#`; empty: nothing does */
export async function visit(
  link = "",
  options: BrowserContextOptions = {},
): ReturnType<typeof openPage> {
  const web = await servePages();
  const opened = await openPage(options);
  await opened.page.goto(link === "" ? web.url : `${web.url}#${link}`);
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await web[Symbol.asyncDispose]();
    },
  };
}

/** The same, once the first answer is whole. */
export async function visitAnswered(
  link = "",
  options: BrowserContextOptions = {},
): ReturnType<typeof visit> {
  const visited = await visit(link, options);
  await answered(visited.page);
  return visited;
}

/** Waits until the answer to the last question is whole. */
export async function answered(page: Page): Promise<void> {
  // A change is asked a moment after it was made.
  await page.evaluate(
    "new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))",
  );
  await page.locator('main[aria-busy="false"]').waitFor();
}

/** The figure of a name in the summary: `37,864`. */
export function figure(page: Page, name: string) {
  return page.locator(".figure", { hasText: name }).locator(".figure-value");
}

/** A number in a text as people read it. */
export function numberIn(text: string | null): number {
  return Number((text ?? "").replaceAll(",", "").match(/-?[\d.]+/)?.[0] ?? NaN);
}

/** What a click downloads. */
export async function downloaded(
  page: Page,
  click: () => Promise<void>,
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    click(),
  ]);
  const path = await download.path();
  return {
    name: download.suggestedFilename(),
    bytes: await Deno.readFile(path),
  };
}
