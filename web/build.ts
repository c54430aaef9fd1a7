/**
 * Builds the pages into `dist/web` unless they are up to date: static files that any host can serve.
 * `deno task build:web` runs it, and `web` does when they are missing or older than their sources.
 * @module
 */

import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { buildWasm } from "../optimizer-wasm/mod.ts";
import { VERSION, WattkeeperError } from "../service/mod.ts";
import { policyOf } from "./serve/policy.ts";

const ROOT = new URL("../", import.meta.url);
/** Where the built files lie. */
const OUTPUT = new URL("dist/web/", ROOT);
const STATIC = new URL("static/", import.meta.url);
const WASM = new URL("optimizer-wasm/build/engine.wasm", ROOT);
const DIGEST = "sources.sha256";

/** Folders and files that the bundles are made from. */
const SOURCES = [
  "web",
  "agent",
  "cluster",
  "optimizer-wasm",
  "planner",
  "proof/policies",
  "proof/portable.ts",
  "service",
  "simulator",
  "deno.json",
  "deno.lock",
];
/** AssemblyScript is in by way of the module that it compiles to. */
const NOT_SOURCES = new Set(["assembly", "build"]);

/** The bundles: entry, output, and how the browser loads it. */
const BUNDLES = [
  { entry: "web/page/main.tsx", output: "planner.js", format: "esm" },
  { entry: "web/worker/main.ts", output: "worker.js", format: "iife" },
  { entry: "web/simulator/main.ts", output: "simulator.js", format: "iife" },
  { entry: "web/dashboard/main.tsx", output: "dashboard.js", format: "esm" },
] as const;

/** The pages: template, the names it is served by, and what the page may connect to. */
const PAGES = [
  {
    template: "planner.html",
    outputs: ["planner.html", "index.html"],
    policy: "planner",
  },
  {
    template: "dashboard.html",
    outputs: ["dashboard.html"],
    policy: "dashboard",
  },
] as const;

/** The built files by name. */
export type WebFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/**
 * Builds unless up to date.
 *
 * @returns whether a build was needed
 * @throws {WattkeeperError} `internal` with the bundler's output
 */
export async function buildWeb(): Promise<boolean> {
  await buildWasm();
  const digest = await sourceDigest();
  if (await builtDigest() === digest) return false;
  // A folder of its own, renamed when it is whole: two builds at once never mix their files.
  const partial = new URL(`dist/web.${crypto.randomUUID()}.partial/`, ROOT);
  await Deno.mkdir(partial, { recursive: true });
  try {
    for (const { entry, output, format } of BUNDLES) {
      await bundle(entry, new URL(output, partial), format);
    }
    for (const worker of ["worker.js", "simulator.js"]) {
      await embedEngine(new URL(worker, partial));
    }
    for (const { template, outputs, policy } of PAGES) {
      const text = (await Deno.readTextFile(new URL(template, STATIC)))
        .replace("{policy}", policyOf(policy))
        .replaceAll("{version}", VERSION);
      for (const output of outputs) {
        await Deno.writeTextFile(new URL(output, partial), text);
      }
    }
    await Deno.writeTextFile(
      new URL("style.css", partial),
      await styleText(),
    );
    await Deno.writeTextFile(new URL(DIGEST, partial), `${digest}\n`);
    await replace(partial);
  } finally {
    await Deno.remove(partial, { recursive: true }).catch(() => undefined);
  }
  return true;
}

/** The built files; undefined when nothing was built. */
export async function builtFiles(): Promise<WebFiles | undefined> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  try {
    for await (const { name, isFile } of Deno.readDir(OUTPUT)) {
      if (isFile && name !== DIGEST) {
        files.set(name, await Deno.readFile(new URL(name, OUTPUT)));
      }
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return files.size > 0 ? files : undefined;
}

async function bundle(
  entry: string,
  output: URL,
  format: "esm" | "iife",
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      `--format=${format}`,
      "--output",
      fileURLToPath(output),
      entry,
    ],
    cwd: fileURLToPath(ROOT),
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  throw new WattkeeperError(
    "internal",
    `The page cannot be bundled:\n${new TextDecoder().decode(stderr)}`,
    {
      where: entry,
      remedy:
        "The bundler is fetched once from npm; check that it can be reached.",
    },
  );
}

async function embedEngine(worker: URL): Promise<void> {
  const engine = (await Deno.readFile(WASM)).toBase64();
  const code = await Deno.readTextFile(worker);
  await Deno.writeTextFile(
    worker,
    `globalThis.wattkeeperEngine="${engine}";\n${code}`,
  );
}

/** Our style sheets behind that of the plots. */
async function styleText(): Promise<string> {
  const plots = new URL("./uPlot.min.css", import.meta.resolve("uplot"));
  const own = [
    "tokens.css",
    "page.css",
    "parts.css",
    "simulation.css",
    "dashboard.css",
  ];
  const parts = await Promise.all(
    [plots, ...own.map((name) => new URL(name, STATIC))].map((url) =>
      Deno.readTextFile(url)
    ),
  );
  return parts.join("\n");
}

async function replace(partial: URL): Promise<void> {
  const old = new URL(`dist/web.${crypto.randomUUID()}.old/`, ROOT);
  await Deno.rename(OUTPUT, old).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  try {
    await Deno.rename(partial, OUTPUT);
  } catch (error) {
    // Another build was first; its files are as good.
    if (await builtDigest() === undefined) throw error;
  }
  await Deno.remove(old, { recursive: true }).catch(() => undefined);
}

async function sourceDigest(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of SOURCES) {
    for (const file of (await filesBelow(path)).sort()) {
      hash.update(file).update(await Deno.readFile(new URL(file, ROOT)));
    }
  }
  return hash.update(await Deno.readFile(WASM)).digest("hex");
}

async function filesBelow(path: string): Promise<string[]> {
  if ((await Deno.stat(new URL(path, ROOT))).isFile) return [path];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, ROOT))) {
    if (isDirectory && NOT_SOURCES.has(name)) continue;
    files.push(
      ...isDirectory
        ? await filesBelow(`${path}/${name}`)
        : [`${path}/${name}`],
    );
  }
  return files;
}

async function builtDigest(): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(new URL(DIGEST, OUTPUT))).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

if (import.meta.main) {
  const built = await buildWeb();
  let bytes = 0;
  for (const file of (await builtFiles())?.values() ?? []) bytes += file.length;
  console.log(`${built ? "Built" : "Up to date:"} dist/web, ${bytes} bytes`);
}
