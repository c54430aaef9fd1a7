/** Packs dropped onto the page: checked, kept, used, removed; and nothing that leaves the machine. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { buildPack } from "../../optimizer-wasm/data/import/build_pack.ts";
import { readCatalog } from "../../optimizer-wasm/data/import/source_catalog.ts";
import { TableCache } from "../../optimizer-wasm/data/import/table_cache.ts";
import {
  csv,
  gemmRow,
  memoryTree,
  systemYaml,
} from "../unit/data/aic_source.ts";
import {
  answered,
  browserTest,
  CHROMIUM,
  closeBrowserAfterAll,
  openPage,
  QUICK,
  servePages,
  visitAnswered,
} from "./chromium.ts";

closeBrowserAfterAll();

/** A whole pack with one table. */
async function smallPack(): Promise<Uint8Array> {
  const { signal } = new AbortController();
  const catalog = await readCatalog(
    memoryTree({
      "systems/h200_sxm.yaml": systemYaml("h200_sxm"),
      "systems/data/h200_sxm/gemm/vllm/1.0/gemm_perf.txt": csv([
        gemmRow([1, 64, 64], 3),
      ]),
    }),
    signal,
  );
  const built = await buildPack(
    { system: "h200_sxm", backend: "vllm", version: "1.0" },
    { catalog, cache: new TableCache(), signal },
  );
  return built.bytes;
}

async function add(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page.getByLabel("Add packs").setInputFiles({
    name,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(bytes),
  });
}

const pack = CHROMIUM === undefined ? new Uint8Array() : await smallPack();

Deno.test(browserTest(
  "a pack is checked, kept over a reload, used and removed",
  async () => {
    await using opened = await visitAnswered(QUICK);
    const { page } = opened;
    await add(page, "h200.wkpack", pack);
    const row = page.locator(".pack", { hasText: "h200_sxm · vllm 1.0" });
    await row.waitFor();
    assert.match(await row.innerText(), /1 rows, 0 % with power/);
    // Its tables say nothing about the model: that is said, and nothing answers in their place.
    await page.getByText("This cannot be answered").waitFor();
    await page.reload();
    await row.waitFor();
    await page.getByText("This cannot be answered").waitFor();
    await row.getByRole("button", { name: "Remove" }).click();
    await row.waitFor({ state: "detached" });
    // The answer without it takes the place of the refusal; until then the refusal stands.
    await page.locator("h1", { hasText: "tokens/s" }).waitFor();
    await page.reload();
    await answered(page);
    assert.equal(await row.count(), 0);
  },
));

const BAD:
  readonly (readonly [what: string, bytes: () => Uint8Array, said: RegExp])[] =
    [
      [
        "a truncated pack",
        () => pack.slice(0, pack.length - 40),
        /has \d+ bytes, its header says \d+/,
      ],
      [
        "a pack of another format version",
        () => changed(8, 9),
        /its format version is 9, this program reads 1/,
      ],
      [
        "a pack with one bit turned",
        () => changed(pack.length - 5, 255),
        /SHA-256 does not match/,
      ],
      [
        "a file that is no pack",
        () => new TextEncoder().encode("PK, or so"),
        /does not begin like a pack/,
      ],
      ["an empty file", () => new Uint8Array(), /does not begin like a pack/],
    ];

/** The pack with one byte changed; a directory of another length, and so on, are caught before. */
function changed(at: number, by: number): Uint8Array {
  const copy = pack.slice();
  copy[at] = at === 8 ? by : (copy[at] ?? 0) ^ by;
  return copy;
}

for (const [what, bytes, said] of BAD) {
  Deno.test(browserTest(
    `${what} is refused with what is wrong, and the answer stays`,
    async () => {
      await using opened = await visitAnswered(QUICK);
      const { page, troubles } = opened;
      await add(page, "bad.wkpack", bytes());
      await page.locator(".data-status .bad").waitFor();
      const text = await page.locator(".data-status").innerText();
      assert.match(text, said);
      assert.match(text, /WK303/);
      assert.equal(await page.locator(".pack").count(), 1);
      assert.match(await page.locator("h1").innerText(), /tokens\/s/);
      assert.deepEqual(troubles, []);
    },
  ));
}

Deno.test(browserTest("a huge file is refused before it is read", async () => {
  await using web = await servePages();
  await using opened = await openPage();
  const { page } = opened;
  const folder = await Deno.makeTempDir({ prefix: "wattkeeper-huge-" });
  try {
    const path = `${folder}/huge.wkpack`;
    const file = await Deno.open(path, { write: true, create: true });
    await file.truncate(300 * 1024 * 1024);
    file.close();
    await page.goto(`${web.url}#${QUICK}`);
    await answered(page);
    await page.getByLabel("Add packs").setInputFiles(path);
    await page.locator(".data-status .bad").waitFor();
    assert.match(
      await page.locator(".data-status").innerText(),
      /has 314\.6 MB; no pack has more than 268\.4 MB/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}));

Deno.test(browserTest(
  "neither page nor worker may connect to anything, whatever the host's headers",
  async () => {
    const seen: string[] = [];
    // A static host of one's own sends no policy.
    await using web = await servePages((request) => {
      seen.push(new URL(request.url).pathname);
      return undefined;
    });
    await using bare = await servePages((request) =>
      bareFile(web.url, request)
    );
    for (const { url } of [web, bare]) {
      await using opened = await openPage();
      const { page } = opened;
      await page.goto(`${url}#${QUICK}`);
      await answered(page);
      seen.length = 0;
      const tries = `Promise.all([
      fetch("leak").then(() => "sent", () => "refused"),
      new Promise((resolve) => { try { const s = new WebSocket("ws://" + (self.location.host || "127.0.0.1:9")); s.onerror = () => resolve("refused"); s.onopen = () => resolve("sent"); } catch { resolve("refused"); } }),
    ])`;
      assert.deepEqual(await page.evaluate(tries), ["refused", "refused"]);
      assert.equal(
        await page.evaluate(
          `new Promise((resolve) => { const i = new Image(); i.onerror = () => resolve("refused"); i.onload = () => resolve("sent"); i.src = "leak.png"; })`,
        ),
        "refused",
      );
      const [worker] = page.workers();
      assert(worker);
      assert.deepEqual(
        await worker.evaluate(
          tries.replaceAll('"leak"', JSON.stringify(`${url}leak`)),
        ),
        ["refused", "refused"],
      );
      assert.deepEqual(seen.filter((path) => path.includes("leak")), []);
    }
  },
));

/** A file without any header but its type. */
async function bareFile(from: string, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const answer = await fetch(new URL(pathname, from));
  return new Response(await answer.arrayBuffer(), {
    status: answer.status,
    headers: { "content-type": answer.headers.get("content-type") ?? "" },
  });
}
