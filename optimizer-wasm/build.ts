/**
 * Builds the WebAssembly module from `assembly/` when it is missing or older than its sources; the sources' digest is
 * kept beside it. `deno task build:wasm` runs it, and the loader does when a command finds no module.
 * @module
 */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WattkeeperError } from "../service/portable.ts";

const SOURCES = new URL("./assembly/", import.meta.url);
const OUTPUT = new URL("./build/", import.meta.url);
const OPTIONS = [
  "-O3",
  "--converge",
  "--runtime",
  "stub",
  "--noAssert",
  "--use",
  "abort=",
  "--enable",
  "simd",
  "--initialMemory",
  "4",
];

/** Where the built module lies. */
export const WASM_URL = new URL("engine.wasm", OUTPUT);
const DIGEST_URL = new URL("engine.sha256", OUTPUT);

async function sourceDigest(): Promise<string> {
  const hash = createHash("sha256").update(OPTIONS.join(" "));
  const names = (await readdir(SOURCES, { recursive: true }))
    .filter((name) => name.endsWith(".ts"));
  for (const name of names.sort()) {
    hash.update(name).update(await readFile(new URL(name, SOURCES)));
  }
  return hash.digest("hex");
}

async function builtDigest(): Promise<string | undefined> {
  try {
    await readFile(WASM_URL);
    return (await readFile(DIGEST_URL, "utf8")).trim();
  } catch {
    return undefined;
  }
}

/**
 * Builds the module unless it is up to date.
 *
 * @returns whether a build was needed
 * @throws {WattkeeperError} `internal` with the compiler's output
 */
export async function buildWasm(): Promise<boolean> {
  const digest = await sourceDigest();
  if (await builtDigest() === digest) return false;
  const { default: asc } = await import("assemblyscript/asc");
  await mkdir(OUTPUT, { recursive: true });
  // A name of its own, so that two builds at once never share a half-written file.
  const partial = `engine.${crypto.randomUUID()}.wasm`;
  const { error, stderr } = await asc.main([
    "index.ts",
    "--baseDir",
    fileURLToPath(SOURCES),
    "--outFile",
    fileURLToPath(new URL(partial, OUTPUT)),
    ...OPTIONS,
  ]);
  if (error) {
    throw new WattkeeperError(
      "internal",
      `The WebAssembly module does not compile:\n${stderr.toString()}`,
      { where: "optimizer-wasm/assembly", cause: error },
    );
  }
  await rename(new URL(partial, OUTPUT), WASM_URL);
  await writeFile(DIGEST_URL, `${digest}\n`);
  return true;
}

if (import.meta.main) {
  const built = await buildWasm();
  const { length } = await readFile(WASM_URL);
  console.log(
    `${built ? "Built" : "Up to date:"} engine.wasm, ${length} bytes`,
  );
}
