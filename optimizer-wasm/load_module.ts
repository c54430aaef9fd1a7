/** The compiled WebAssembly module from disk, built first when it is missing or older than its sources. @module */

import { readFile } from "node:fs/promises";
import { buildWasm, WASM_URL } from "./build.ts";

/** Loads the module; compiling it takes milliseconds, building it under a second. */
export async function loadModule(): Promise<WebAssembly.Module> {
  await buildWasm();
  return await WebAssembly.compile(new Uint8Array(await readFile(WASM_URL)));
}
