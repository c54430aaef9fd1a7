/** Removing what the store's index does not name. @module */

import { join } from "node:path";
import type { StoreIndex } from "./store_index.ts";

/** Folder of files that have no final name yet. */
export const STAGING_FOLDER = ".staging";

const CONTENT_FOLDERS = ["packs", "systems", "models"];
/** What the store names its files; nothing else is ever removed. */
const STORED_NAME = /\.[0-9a-f]{12}\.(wkpack|json)$/;

/**
 * Removes staged files and content that `index` does not name: what an interrupted import left, or what a
 * finished one replaced. Nothing else in the folder is touched.
 *
 * @param index null when there is no store: then all content is garbage
 */
export async function sweepStore(
  directory: string,
  index: StoreIndex | null,
): Promise<void> {
  await removeStaging(directory);
  const named = new Set(
    index === null ? [] : [
      ...index.identities,
      ...index.limits,
      ...index.systems,
      ...index.models,
    ].map((it) => it.file),
  );
  for (const folder of CONTENT_FOLDERS) {
    await sweepFolder(directory, folder, named);
  }
}

/** Removes files that have no final name yet. */
export async function removeStaging(directory: string): Promise<void> {
  await Deno.remove(join(directory, STAGING_FOLDER), { recursive: true })
    .catch(ignoreMissing);
}

/** Removes the store's folder when it is empty. */
export async function removeEmptyStore(directory: string): Promise<void> {
  await Deno.remove(directory).catch(() => undefined);
}

/** @returns whether the folder is gone */
async function sweepFolder(
  directory: string,
  folder: string,
  named: ReadonlySet<string>,
): Promise<boolean> {
  const path = join(directory, folder);
  const entries = await Array.fromAsync(Deno.readDir(path))
    .catch((error) => ignoreMissing(error) ?? null);
  if (entries === null) return true;
  let left = entries.length;
  for (const entry of entries) {
    const child = `${folder}/${entry.name}`;
    if (entry.isDirectory) {
      if (await sweepFolder(directory, child, named)) left--;
    } else if (STORED_NAME.test(entry.name) && !named.has(child)) {
      await Deno.remove(join(directory, child));
      left--;
    }
  }
  if (left === 0) await Deno.remove(path);
  return left === 0;
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
