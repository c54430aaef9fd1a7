/** Takes the pictures of `docs/screenshots` from the real pages: `deno task docs:screenshots`. @module */

import type { Page } from "playwright-core";
import { answered, browser, openPage, servePages } from "./chromium.ts";
import { startPlanner } from "./planner_process.ts";

const FOLDER = new URL("../../docs/screenshots/", import.meta.url);
/** Lossy, and sharp enough for text. */
const QUALITY = 0.82;
/** Time for a few decisions of a planner that runs fast. */
const WATCHED_MS = 30_000;

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
  const png = await opened.page.screenshot();
  const webp = await compressed(png.toString("base64"));
  await Deno.writeFile(new URL(`${name}.webp`, FOLDER), webp);
  console.log(`${name}.webp, ${webp.length} bytes`);
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
  await using planner = await startPlanner();
  for (const shot of DASHBOARD) {
    await shoot(shot, {
      url: planner.url,
      ready: (page) => page.waitForTimeout(WATCHED_MS),
    });
  }
  await (await browser()).close();
}
