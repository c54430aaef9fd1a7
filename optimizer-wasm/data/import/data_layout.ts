/** Finding tables among a source's files (`aic-engine.md` §1.1). @module */

import type { PackIdentity } from "../pack/mod.ts";
import { compareVersions } from "../store/mod.ts";
import type { SourceTree } from "./source_tree.ts";

/** First-level folders of a data directory that are no families: older releases keep tables there. */
const LEGACY_FOLDERS = new Set(["trtllm", "sglang", "vllm", "nccl", "oneccl"]);
/** Folders beside the backends that hold collective libraries. */
const LIBRARIES = new Set(["nccl", "oneccl"]);
const TABLE_FILE = /^([A-Za-z0-9_]+_perf)\.(parquet|txt)$/;
/** Names of folders become names of files of ours. */
const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/** A table's file. */
export interface FoundTable {
  /** Path below the package. */
  readonly path: string;
  /** The family, or null in the legacy place. */
  readonly family: string | null;
}

interface VersionFolder {
  /** Null: legacy place. */
  readonly family: string | null;
  readonly backend: string;
  readonly version: string;
  readonly folder: string;
  /** File names. */
  readonly files: Set<string>;
}

/** The tables of one system. */
export class DataLayout {
  readonly system: string;
  /** Usable version folders: families alphabetical, the legacy place last. */
  readonly #folders: readonly VersionFolder[];

  constructor(system: string, folders: readonly VersionFolder[]) {
    this.system = system;
    this.#folders = folders;
  }

  /**
   * The file of a table: the first family that has it, else the legacy place; parquet before CSV.
   *
   * @param table file stem, `gemm_perf`
   */
  find(backend: string, version: string, table: string): FoundTable | null {
    for (const it of this.#of(backend, version)) {
      for (const name of [`${table}.parquet`, `${table}.txt`]) {
        if (it.files.has(name)) {
          return { path: `${it.folder}/${name}`, family: it.family };
        }
      }
    }
    return null;
  }

  /** All version names of a backend, over all families, measured or not. */
  versions(backend: string): string[] {
    const names = this.#folders.filter((it) => it.backend === backend)
      .map((it) => it.version);
    return [...new Set(names)];
  }

  /** Paths of the `reuse.yaml` files of a version, families alphabetical. */
  reuseFiles(backend: string, version: string): string[] {
    return this.#of(backend, version)
      .filter((it) => it.family !== null && it.files.has("reuse.yaml"))
      .map((it) => `${it.folder}/reuse.yaml`);
  }

  /** Every (backend, version) with at least one measured table, versions ascending. */
  measured(): PackIdentity[] {
    const found = new Map<string, PackIdentity>();
    for (const { backend, version, files } of this.#folders) {
      if (LIBRARIES.has(backend)) continue;
      if (![...files].some((name) => TABLE_FILE.test(name))) continue;
      found.set(`${backend}\0${version}`, {
        system: this.system,
        backend,
        version,
      });
    }
    return [...found.values()].sort((a, b) =>
      a.backend < b.backend
        ? -1
        : a.backend > b.backend
        ? 1
        : compareVersions(a.version, b.version)
    );
  }

  #of(backend: string, version: string): VersionFolder[] {
    return this.#folders.filter((it) =>
      it.backend === backend && it.version === version
    );
  }
}

/** Looks through a system's data folder. @param dataFolder `systems/data/h200_sxm` */
export function layOut(
  system: string,
  tree: SourceTree,
  dataFolder: string,
): DataLayout {
  const folders = new Map<string, VersionFolder>();
  const prefix = `${dataFolder}/`;
  for (const path of tree.files) {
    if (!path.startsWith(prefix)) continue;
    const parts = path.slice(prefix.length).split("/");
    const place = placeOf(parts);
    if (place === null) continue;
    const folder = prefix + parts.slice(0, -1).join("/");
    const known = folders.get(folder) ?? { ...place, folder, files: new Set() };
    known.files.add(parts.at(-1)!);
    folders.set(folder, known);
  }
  return new DataLayout(
    system,
    [...folders.values()].filter(isUsable).sort(byFamily),
  );
}

function placeOf(
  parts: readonly string[],
): Pick<VersionFolder, "family" | "backend" | "version"> | null {
  const [first = "", second = "", third = ""] = parts;
  const legacy = LEGACY_FOLDERS.has(first);
  if (parts.length !== (legacy ? 3 : 4)) return null;
  const place = legacy
    ? { family: null, backend: first, version: second }
    : { family: first, backend: second, version: third };
  return [first, place.backend, place.version].every((it) => SAFE_NAME.test(it))
    ? place
    : null;
}

function isUsable({ files }: VersionFolder): boolean {
  return !files.has("INCOMPLETE.txt") || files.has("collection_meta.yaml");
}

function byFamily(a: VersionFolder, b: VersionFolder): number {
  if (a.family === b.family) return a.folder < b.folder ? -1 : 1;
  if (a.family === null) return 1;
  if (b.family === null) return -1;
  return a.family < b.family ? -1 : 1;
}
