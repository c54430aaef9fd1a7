/** Reading the store: identities, packs, models, systems. @module */

import { join } from "node:path";
import { WattkeeperError } from "../../../service/portable.ts";
import {
  type Pack,
  PACK_HEADER_BYTES,
  type PackDirectory,
  type PackIdentity,
  parsePack,
  sha256Hex,
} from "../pack/mod.ts";
import type { SystemSpec } from "../system_spec.ts";
import { readFailure } from "./file_error.ts";
import { suggest } from "./known_names.ts";
import { defaultStoreDirectory } from "./location.ts";
import { resolveVersion } from "./resolve_version.ts";
import {
  emptyIndex,
  type IndexedIdentity,
  readIndex,
  type StoreIndex,
} from "./store_index.ts";

/** A model's published configuration, as upstream ships it. */
export interface StoredModelConfig {
  /** Hugging Face `config.json`. */
  readonly config: Record<string, unknown>;
  /** `hf_quant_config.json`, when the model has one. */
  readonly hfQuantConfig: Record<string, unknown> | null;
}

/**
 * Opens the store; a store that does not exist yet is an empty one.
 *
 * @param directory default: {@linkcode defaultStoreDirectory}
 * @throws {WattkeeperError} `corrupt_pack` when the index is damaged or of another format version
 *
 * @example
 * ```ts ignore
 * const store = await openStore();
 * const identity = store.resolveVersion("h200_sxm", "vllm");
 * const { directory, payload } = await store.readPack(identity);
 * ```
 */
export async function openStore(
  directory: string = defaultStoreDirectory(),
): Promise<DataStore> {
  return new DataStore(directory, await readIndex(directory));
}

/** Imported data. Every file is checked against its checksum when it is read. */
export class DataStore {
  readonly directory: string;
  /** False when nothing was ever imported here. */
  readonly exists: boolean;
  #index: StoreIndex;

  constructor(directory: string, index: StoreIndex | null) {
    this.directory = directory;
    this.exists = index !== null;
    this.#index = index ?? emptyIndex();
  }

  /** The table of contents. */
  get index(): StoreIndex {
    return this.#index;
  }

  /** Every (system, backend, version) with a pack, sorted, versions ascending. */
  listIdentities(): readonly PackIdentity[] {
    return this.#index.identities.map(({ system, backend, version }) => ({
      system,
      backend,
      version,
    }));
  }

  /**
   * The identity meant by a version: absent is the default, `current`, `previous`, `next` are slots.
   *
   * @throws {WattkeeperError} `unknown_system`, `unknown_backend`, `unknown_version`, `not_imported`
   */
  resolveVersion(
    system: string,
    backend: string,
    version?: string,
  ): PackIdentity {
    return resolveVersion(this.#index, system, backend, version);
  }

  /**
   * Reads one pack and verifies its checksum.
   *
   * @throws {WattkeeperError} `not_imported`, `corrupt_pack`, `file_unreadable`
   */
  async readPack(identity: PackIdentity): Promise<Pack> {
    const { path, bytes } = await this.#readFile(() => this.#entry(identity));
    return await parsePack(bytes, path);
  }

  /** Power limits below its own pack's that an identity was measured at, watts, ascending (R17). */
  limitsOf(identity: PackIdentity): readonly number[] {
    return this.#limits(identity).map(({ limitWatts }) => limitWatts);
  }

  /**
   * Reads the rows of an identity at one of {@linkcode limitsOf}.
   *
   * @throws {WattkeeperError} `not_imported`, `corrupt_pack`, `file_unreadable`
   */
  async readLimitPack(
    identity: PackIdentity,
    limitWatts: number,
  ): Promise<Pack> {
    const { path, bytes } = await this.#readFile(() => {
      const entry = this.#limits(identity)
        .find((it) => it.limitWatts === limitWatts);
      if (entry) return entry;
      const { system, backend, version } = identity;
      throw new WattkeeperError(
        "not_imported",
        `${system} ${backend} ${version} has no rows at ${limitWatts} W.`,
        { remedy: "Run `data import` again." },
      );
    });
    return await parsePack(bytes, path);
  }

  #limits({ system, backend, version }: PackIdentity): StoreIndex["limits"] {
    return this.#index.limits.filter((it) =>
      it.system === system && it.backend === backend && it.version === version
    );
  }

  /** Reads a pack's directory alone, without verifying the payload: for listings. */
  async readDirectory(identity: PackIdentity): Promise<PackDirectory> {
    const path = join(this.directory, this.#entry(identity).file);
    try {
      using file = await Deno.open(path);
      const header = await readExactly(file, PACK_HEADER_BYTES);
      const length = new DataView(header.buffer).getUint32(12, true);
      if (length > (await file.stat()).size) throw damaged(path);
      return JSON.parse(
        new TextDecoder().decode(await readExactly(file, length)),
      );
    } catch (error) {
      if (error instanceof SyntaxError) throw damaged(path);
      if (error instanceof Deno.errors.NotFound) throw damaged(path);
      throw readFailure(path, error);
    }
  }

  /** Names of all models with a stored configuration, sorted. */
  modelNames(): readonly string[] {
    return this.#index.models.map(({ name }) => name);
  }

  /** @throws {WattkeeperError} `unknown_model`, `corrupt_pack` */
  async readModelConfig(name: string): Promise<StoredModelConfig> {
    return await this.#readJson(() => {
      const entry = this.#index.models.find((it) => it.name === name);
      if (entry) return entry;
      const known = this.modelNames();
      throw new WattkeeperError(
        "unknown_model",
        `Unknown model "${name}"${
          known.length === 0
            ? ": no model configurations have been imported."
            : `.${suggest(name, known)}`
        }`,
        {
          where: "model",
          remedy: "Run `data list --models` for all known models.",
        },
      );
    });
  }

  /** Names of all systems with a stored description, with or without tables, sorted. */
  systemNames(): readonly string[] {
    return this.#index.systems.map(({ name }) => name);
  }

  /** @throws {WattkeeperError} `unknown_system`, `corrupt_pack` */
  async readSystem(name: string): Promise<SystemSpec> {
    return await this.#readJson(() => {
      const entry = this.#index.systems.find((it) => it.name === name);
      if (entry) return entry;
      throw new WattkeeperError(
        "unknown_system",
        `Unknown system "${name}".${suggest(name, this.systemNames())}`,
        { where: "system", remedy: "See `data list` for all known systems." },
      );
    });
  }

  #entry({ system, backend, version }: PackIdentity): IndexedIdentity {
    const entry = this.#index.identities.find((it) =>
      it.system === system && it.backend === backend && it.version === version
    );
    if (entry) return entry;
    throw new WattkeeperError(
      "not_imported",
      `${system} ${backend} ${version} has not been imported.`,
      { remedy: "Run `data import`, or see `data list` for what is there." },
    );
  }

  async #readJson<T>(
    find: () => { readonly file: string; readonly sha256: string },
  ): Promise<T> {
    const { path, bytes, sha256 } = await this.#readFile(find);
    if (await sha256Hex(bytes) !== sha256) throw damaged(path);
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  /** Reads the file of an index entry. An import may have replaced it since the index was read: then once more. */
  async #readFile<E extends { readonly file: string }>(
    find: () => E,
  ): Promise<E & { path: string; bytes: Uint8Array }> {
    for (let attempt = 0;; attempt++) {
      const entry = find();
      const path = join(this.directory, entry.file);
      try {
        return { ...entry, path, bytes: await Deno.readFile(path) };
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) {
          throw readFailure(path, error);
        }
        const index = attempt === 0 ? await readIndex(this.directory) : null;
        if (index === null) throw damaged(path, "it is missing");
        this.#index = index;
      }
    }
  }
}

function damaged(
  path: string,
  found = "its content is not what was stored",
): WattkeeperError {
  return new WattkeeperError(
    "corrupt_pack",
    `The stored file "${path}" cannot be used: ${found}.`,
    { where: path, remedy: "Run `data import` again with --force." },
  );
}

async function readExactly(
  file: Deno.FsFile,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) throw new SyntaxError("The file ends too early.");
    filled += read;
  }
  return bytes;
}
