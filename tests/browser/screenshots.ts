/** Takes the pictures of `docs/screenshots` from the real pages: `deno task docs:screenshots`. @module */

import type { Page } from "playwright-core";
import { answered, browser, openPage, servePages } from "./chromium.ts";
import { startPlanner } from "./planner_process.ts";
import { section, simulate } from "./simulation_steps.ts";

const FOLDER = new URL("../../docs/screenshots/", import.meta.url);
/** Lossy, and sharp enough for text. */
const QUALITY = 0.7;
/** Time for a few decisions of a planner that runs fast. */
const WATCHED_MS = 30_000;
/** Longest wait for a simulated day. */
const DAY_MS = 600_000;

interface Shot {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

const PLANNER: readonly Shot[] = [
  { name: "planner-1440-light", width: 1440, height: 1180, scheme: "light" },
  { name: "planner-1920-dark", width: 1920, height: 1200, scheme: "dark" },
  { name: "planner-360-light", width: 360, height: 1500, scheme: "light" },
];
const SIMULATION: readonly Shot[] = [
  { name: "simulation-1440-light", width: 1440, height: 1180, scheme: "light" },
  { name: "simulation-360-dark", width: 360, height: 1500, scheme: "dark" },
];
/** A day of the fleet that the page opens with. */
const DAY = "#v=1&hours=24";
const DASHBOARD: readonly Shot[] = [
  { name: "dashboard-1440-light", width: 1440, height: 1180, scheme: "light" },
  { name: "dashboard-360-dark", width: 360, height: 1500, scheme: "dark" },
];

async function shoot(
  { name, width, height, scheme }: Shot,
  { url, ready }: {
    readonly url: string;
    readonly ready: (page: Page) => Promise<void>;
  },
): Promise<void> {
  await using opened = await openPage({
    viewport: { width, height },
    colorScheme: scheme,
  });
  await opened.page.goto(url);
  await ready(opened.page);
  await keep(name, await opened.page.screenshot());
}

async function keep(name: string, png: Uint8Array): Promise<void> {
  const webp = await compressed(png.toBase64());
  await Deno.writeFile(new URL(`${name}.webp`, FOLDER), webp);
  console.log(`${name}.webp, ${webp.length} bytes`);
}

/** One day, seen in every way. */
async function shootSimulation(url: string): Promise<void> {
  await using opened = await openPage();
  const { page } = opened;
  page.setDefaultTimeout(DAY_MS);
  await page.goto(url + DAY);
  await answered(page);
  await simulate(page);
  // An instant of the day, not its first.
  await section(page).getByRole("slider", { name: "Instant" }).fill("280");
  for (const { name, width, height, scheme } of SIMULATION) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme });
    await section(page).evaluate(
      "document.querySelector('.simulation').scrollIntoView(); scrollBy(0, -56)",
    );
    // Plots follow their size a moment later.
    await page.waitForTimeout(500);
    await keep(name, await page.screenshot());
  }
}

/** The browser knows how to write the format. */
async function compressed(png: string): Promise<Uint8Array> {
  await using blank = await openPage();
  const text = await blank.page.evaluate<string>(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png}";
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", ${QUALITY}).split(",")[1];
  })()`);
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

if (import.meta.main) {
  await Deno.mkdir(FOLDER, { recursive: true });
  await using web = await servePages();
  for (const shot of PLANNER) {
    await shoot(shot, { url: web.url, ready: answered });
  }
  await shootSimulation(web.url);
  await using planner = await startPlanner();
  for (const shot of DASHBOARD) {
    await shoot(shot, {
      url: planner.url,
      ready: (page) => page.waitForTimeout(WATCHED_MS),
    });
  }
  await (await browser()).close();
}
