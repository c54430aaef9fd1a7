/** A folder as a source: a checkout, the package inside it, or its `systems` folder. @module */

import { basename, dirname, join, resolve } from "node:path";
import { readFailure } from "../store/mod.ts";
import {
  invalidFile,
  MAX_FILE_BYTES,
  MAX_FILES,
  notAicData,
  type SourceTree,
} from "./source_tree.ts";

/** Where the package lies below a folder that a person may name. */
const PACKAGE_FOLDERS = [
  ".",
  "aic-core/src/aiconfigurator_core",
  "src/aiconfigurator_core",
  "aiconfigurator_core",
  "src/aiconfigurator",
  "aiconfigurator",
];
/** `systems/data/<system>/<family>/<backend>/<version>/<file>` and some room. */
const MAX_DEPTH = 10;

/**
 * Opens a folder.
 *
 * @throws {WattkeeperError} `not_aic_data`, `file_unreadable`
 */
export async function openFolder(
  path: string,
  signal: AbortSignal,
): Promise<SourceTree> {
  const root = resolve(path);
  const systems = await findSystems(root);
  if (systems === null) {
    throw notAicData(
      path,
      "no systems folder with a <system>.yaml was found in it",
    );
  }
  const roots = new Map([
    ["systems", systems],
    ["model_configs", join(dirname(systems), "model_configs")],
  ]);
  const files: string[] = [];
  for (const [name, folder] of roots) {
    await listFiles({ folder, name, files, signal, depth: 0 });
  }
  const locate = (file: string) => {
    const [top = "", ...rest] = file.split("/");
    return join(roots.get(top) ?? systems, ...rest);
  };
  return {
    description: root,
    files: files.sort(),
    locate,
    read: (file) => readFile(locate(file)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function findSystems(root: string): Promise<string | null> {
  const candidates = PACKAGE_FOLDERS.map((it) => join(root, it, "systems"));
  if (basename(root) === "systems" || await isFolder(join(root, "data"))) {
    candidates.unshift(root);
  }
  for (const candidate of candidates) {
    const names = await listNames(candidate);
    if (names?.some((name) => name.endsWith(".yaml"))) return candidate;
  }
  return null;
}

async function isFolder(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => null))?.isDirectory ?? false;
}

/** @returns null when the folder does not exist */
async function listNames(path: string): Promise<string[] | null> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map((it) => it.name);
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory
    ) return null;
    throw readFailure(path, error);
  }
}

async function listFiles(walk: {
  readonly folder: string;
  readonly name: string;
  readonly files: string[];
  readonly signal: AbortSignal;
  readonly depth: number;
}): Promise<void> {
  const { folder, name, files, signal, depth } = walk;
  signal.throwIfAborted();
  if (depth > MAX_DEPTH) return;
  for (const entry of await listNames(folder) ?? []) {
    if (entry.startsWith(".")) continue;
    const child = join(folder, entry);
    const inside = `${name}/${entry}`;
    const info = await Deno.stat(child).catch(() => null);
    if (info?.isDirectory) {
      await listFiles({
        ...walk,
        folder: child,
        name: inside,
        depth: depth + 1,
      });
    } else if (info === null || info.isFile) {
      files.push(inside);
      if (files.length > MAX_FILES) {
        throw notAicData(folder, `there are more than ${MAX_FILES} files`);
      }
    }
  }
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw invalidFile(
        path,
        `It has ${size} bytes; the most a table may have is ${MAX_FILE_BYTES}.`,
      );
    }
    return await Deno.readFile(path);
  } catch (error) {
    throw readFailure(path, error);
  }
}
