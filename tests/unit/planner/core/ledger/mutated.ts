/** The ledger with one fault built in: its sources copied, a few words changed, loaded beside the real one. @module */

import { fileURLToPath, pathToFileURL } from "node:url";
import type { LedgerUnderTest } from "./planner_driver.ts";

/** One change of one source file; the words must be there, exactly once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const SOURCES = new URL("../../../../../planner/core/ledger/", import.meta.url);
const CLUSTER = new URL(
  "../../../../../cluster/protocol/mod.ts",
  import.meta.url,
);

/** Loads the ledger with the changes made. The copy lies in `folder`. */
export async function mutated(
  folder: string,
  changes: readonly Change[],
): Promise<LedgerUnderTest> {
  for (const { file } of changes) {
    await Deno.stat(new URL(file, SOURCES));
  }
  for await (const { name } of Deno.readDir(fileURLToPath(SOURCES))) {
    let text = await Deno.readTextFile(new URL(name, SOURCES));
    for (const { file, from, to } of changes) {
      if (file !== name) continue;
      if (text.split(from).length !== 2) {
        throw new Error(
          `planner/core/ledger/${file} does not have exactly once: ${from}`,
        );
      }
      text = text.replace(from, () => to);
    }
    await Deno.writeTextFile(
      `${folder}/${name}`,
      text.replaceAll("../../../cluster/protocol/mod.ts", CLUSTER.href),
    );
  }
  return await import(pathToFileURL(`${folder}/mod.ts`).href);
}
