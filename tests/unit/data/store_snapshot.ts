/** What a store's folder holds, for comparing before and after. @module */

import {
  importData,
  type ImportOptions,
  type ImportSummary,
} from "../../../optimizer-wasm/data/import/mod.ts";
import { sha256Hex } from "../../../optimizer-wasm/data/pack/mod.ts";

/** Checksum by path of every file below `folder`; empty when there is none. */
export async function snapshot(
  folder: string,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (path: string): Promise<void> => {
    let entries: Deno.DirEntry[];
    try {
      entries = await Array.fromAsync(Deno.readDir(`${folder}/${path}`));
    } catch {
      return;
    }
    for (const { name, isDirectory } of entries) {
      const child = `${path}/${name}`;
      if (isDirectory) await walk(child);
      else {
        found[child] = await sha256Hex(
          await Deno.readFile(`${folder}/${child}`),
        );
      }
    }
  };
  await walk(".");
  return found;
}

/** Imports with a fixed time and nothing that aborts, unless the options say otherwise. */
export function runImport(
  options: Pick<ImportOptions, "source" | "store"> & Partial<ImportOptions>,
): Promise<ImportSummary> {
  return importData({
    now: new Date("2026-08-21T12:00:00Z"),
    signal: new AbortController().signal,
    ...options,
  });
}
