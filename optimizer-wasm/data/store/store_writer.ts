/**
 * Changing the store. New files get names that no earlier file has, so nothing that the present index names is
 * touched; renaming the new index over the old one is the one instant at which the store changes. Before it the
 * store is the earlier one, after it the new one, and what neither names is swept away.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { WattkeeperError } from "../../../service/portable.ts";
import { type PackIdentity, poweredLeavesOf, sha256Hex } from "../pack/mod.ts";
import type { SystemSpec } from "../system_spec.ts";
import type { StoredModelConfig } from "./data_store.ts";
import { DISK, type StoreDisk } from "./durable_file.ts";
import { writeFailure } from "./file_error.ts";
import { lockStore } from "./import_lock.ts";
import {
  emptyIndex,
  INDEX_FILE,
  readIndex,
  type StoreIndex,
} from "./store_index.ts";
import {
  removeEmptyStore,
  removeStaging,
  STAGING_FOLDER,
  sweepStore,
} from "./sweep.ts";
import { defaultVersions, type VersionSlots } from "./version_slots.ts";
import { compareVersions } from "./version_order.ts";

/** Options of {@linkcode openStoreForWriting}. */
export interface StoreWriterOptions {
  /** Start from nothing when the present index cannot be used. */
  readonly rebuild?: boolean;
  readonly disk?: StoreDisk;
}

/** What is said of the whole import at its end. */
export interface ImportRecord {
  /** Where the data came from. */
  readonly source: string;
  /** ISO 8601. */
  readonly importedAt: string;
  /** Slots that the source declares; (system, backend) pairs not named keep the slots they had. */
  readonly slots: readonly VersionSlots[];
}

interface StagedFile {
  readonly kind: "identities" | "limits" | "systems" | "models";
  readonly staged: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly identity?: StagedIdentity;
  /** Of a pack at a lower power limit. */
  readonly limitWatts?: number;
  readonly name?: string;
}

/**
 * Locks the store for an import and sweeps what an interrupted one left.
 *
 * @throws {WattkeeperError} `import_failed` when another import runs, `corrupt_pack` for an unusable index,
 * `write_failed`
 */
export async function openStoreForWriting(
  folder: string,
  { rebuild = false, disk = DISK }: StoreWriterOptions = {},
): Promise<StoreWriter> {
  const directory = resolve(folder);
  try {
    await Deno.mkdir(directory, { recursive: true });
  } catch (error) {
    throw writeFailure(directory, error);
  }
  let lock: AsyncDisposable;
  try {
    lock = await lockStore(directory);
  } catch (error) {
    throw writeFailure(directory, error);
  }
  try {
    const index = await readIndex(directory).catch((error) => {
      if (rebuild) return null;
      throw error;
    });
    if (!rebuild || index !== null) await sweepStore(directory, index);
    return new StoreWriter(directory, index ?? emptyIndex(), { lock, disk });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** An import under way. Disposing without {@linkcode StoreWriter.commit} leaves the store as it was. */
export class StoreWriter implements AsyncDisposable {
  readonly directory: string;
  /** What the store holds now. */
  readonly index: StoreIndex;
  readonly #lock: AsyncDisposable;
  readonly #disk: StoreDisk;
  readonly #staged: StagedFile[] = [];

  constructor(
    directory: string,
    index: StoreIndex,
    { lock, disk }: { lock: AsyncDisposable; disk: StoreDisk },
  ) {
    this.directory = directory;
    this.index = index;
    this.#lock = lock;
    this.#disk = disk;
  }

  async putPack(identity: PackIdentity, bytes: Uint8Array): Promise<void> {
    const { system, backend, version } = identity;
    const poweredLeaves = poweredLeavesOf(bytes);
    await this.#stage(bytes, {
      kind: "identities",
      path: `packs/${system}/${backend}/${version}`,
      extension: "wkpack",
      identity: {
        ...identity,
        ...(poweredLeaves === undefined ? {} : { poweredLeaves }),
      },
    });
  }

  /** Rows of an identity at a lower power limit than its own pack's. */
  async putLimitPack(
    identity: PackIdentity,
    limitWatts: number,
    bytes: Uint8Array,
  ): Promise<void> {
    const { system, backend, version } = identity;
    await this.#stage(bytes, {
      kind: "limits",
      path: `packs/${system}/${backend}/${version}@${limitWatts}W`,
      extension: "wkpack",
      identity,
      limitWatts,
    });
  }

  async putSystem(system: SystemSpec): Promise<void> {
    await this.#stage(jsonBytes(system), {
      kind: "systems",
      path: `systems/${system.name}`,
      extension: "json",
      name: system.name,
    });
  }

  /** @param name `org/model` */
  async putModel(name: string, model: StoredModelConfig): Promise<void> {
    await this.#stage(jsonBytes(model), {
      kind: "models",
      path: `models/${name.replace("/", "--")}`,
      extension: "json",
      name,
    });
  }

  /** Makes everything that was put visible at once. */
  async commit(record: ImportRecord): Promise<StoreIndex> {
    const folders = new Set([this.directory]);
    for (const { staged, file } of this.#staged) {
      const path = join(this.directory, file);
      await this.#disk.rename(staged, path);
      for (let at = dirname(path); at !== this.directory; at = dirname(at)) {
        folders.add(at);
      }
    }
    for (const folder of folders) await this.#disk.syncFolder(folder);
    const index = this.#nextIndex(record);
    const staged = join(this.directory, STAGING_FOLDER, INDEX_FILE);
    await this.#disk.write(staged, jsonBytes(index));
    await this.#disk.rename(staged, join(this.directory, INDEX_FILE));
    // The store has changed; that the new name may not outlive a power cut makes nothing half-written.
    await this.#disk.syncFolder(this.directory).catch(() => undefined);
    return index;
  }

  /** Sweeps what the store's index does not name and gives up the lock. */
  async [Symbol.asyncDispose](): Promise<void> {
    const index = await readIndex(this.directory).catch(() => undefined);
    // An index that cannot be read says nothing about what is garbage. What cannot be removed now is garbage that
    // the next import removes; the outcome of this one stands.
    await (index === undefined
      ? removeStaging(this.directory)
      : sweepStore(this.directory, index)).catch(() => undefined);
    await this.#lock[Symbol.asyncDispose]();
    if (index === null) await removeEmptyStore(this.directory);
  }

  async #stage(
    bytes: Uint8Array,
    target: {
      readonly kind: StagedFile["kind"];
      readonly path: string;
      readonly extension: string;
      readonly identity?: StagedIdentity;
      readonly limitWatts?: number;
      readonly name?: string;
    },
  ): Promise<void> {
    const sha256 = await sha256Hex(bytes);
    const { path, extension, ...rest } = target;
    const file = `${path}.${sha256.slice(0, 12)}.${extension}`;
    if (file.split("/").some((part) => part === ".." || part === "")) {
      throw new WattkeeperError("internal", `Bad name in the store: "${file}"`);
    }
    const staged = join(this.directory, STAGING_FOLDER, file);
    await this.#disk.write(staged, bytes);
    this.#staged.push({ ...rest, staged, file, sha256, bytes: bytes.length });
  }

  /** An identity that is imported again loses the limits that it had. */
  #nextLimits(source: string): StoreIndex["limits"] {
    const again = new Set(
      this.#staged.flatMap(({ kind, identity }) =>
        identity && kind === "identities" ? [nameOf(identity)] : []
      ),
    );
    const kept = this.index.limits.filter((it) => !again.has(nameOf(it)));
    const added = this.#staged.flatMap(
      ({ kind, identity, limitWatts, file, sha256 }) =>
        identity && kind === "limits" && limitWatts !== undefined
          ? [{ ...identity, limitWatts, file, sha256, source }]
          : [],
    );
    return [...kept, ...added].sort((a, b) =>
      compareIdentities(a, b) || a.limitWatts - b.limitWatts
    );
  }

  #nextIndex({ source, importedAt, slots }: ImportRecord): StoreIndex {
    const identities = merge(
      this.index.identities,
      this.#staged.flatMap(({ kind, identity, file, sha256, bytes }) =>
        identity && kind === "identities"
          ? [{ ...identity, bytes, file, sha256, source }]
          : []
      ),
      nameOf,
    ).sort(compareIdentities);
    const named = (kind: "systems" | "models") =>
      merge(
        this.index[kind],
        this.#staged.flatMap(({ kind: its, name, file, sha256 }) =>
          its === kind && name !== undefined
            ? [{ name, file, sha256, source }]
            : []
        ),
        (it) => it.name,
      ).sort((a, b) => a.name < b.name ? -1 : 1);
    const index = {
      ...emptyIndex(),
      identities,
      limits: this.#nextLimits(source),
      versions: defaultVersions(
        identities,
        merge<VersionSlots>(
          this.index.versions,
          slots,
          (it) => `${it.system}\0${it.backend}`,
        ),
      ),
      systems: named("systems"),
      models: named("models"),
    };
    // Packs at lower limits have the source of their identity.
    const used = new Set(
      [...index.identities, ...index.systems, ...index.models].map((it) =>
        it.source
      ),
    );
    return {
      ...index,
      sources: merge(
        this.index.sources,
        [{ description: source, importedAt }],
        (it) => it.description,
      ).filter((it) => used.has(it.description)),
    };
  }
}

function nameOf({ system, backend, version }: PackIdentity): string {
  return [system, backend, version].join("\0");
}

/** An identity, and how many rows of its pack have measured power. */
interface StagedIdentity extends PackIdentity {
  readonly poweredLeaves?: number;
}

function compareIdentities(a: PackIdentity, b: PackIdentity): number {
  if (a.system !== b.system) return a.system < b.system ? -1 : 1;
  if (a.backend !== b.backend) return a.backend < b.backend ? -1 : 1;
  return compareVersions(a.version, b.version);
}

function merge<T>(
  old: readonly T[],
  added: readonly T[],
  keyOf: (item: T) => string,
): T[] {
  return [
    ...new Map([...old, ...added].map((item) => [keyOf(item), item])).values(),
  ];
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 1) + "\n");
}
