/** `data import`: from a source to packs in the store. @module */

import { WattkeeperError } from "../../../service/portable.ts";
import type { PackIdentity } from "../pack/mod.ts";
import {
  openStoreForWriting,
  type StoreDisk,
  type StoreIndex,
  type StoreWriter,
} from "../store/mod.ts";
import { buildPack, TABLES_PER_PACK } from "./build_pack.ts";
import { openSource } from "./open_source.ts";
import { type IdentityFilter, selectIdentities } from "./select_identities.ts";
import { readCatalog, type SourceCatalog } from "./source_catalog.ts";
import { notAicData } from "./source_tree.ts";
import { TableCache } from "./table_cache.ts";

/** What to import, and where to. */
export interface ImportOptions extends IdentityFilter {
  /** `pip:…`, a wheel, or a folder. */
  readonly source: string;
  /** Folder of the store. */
  readonly store: string;
  /** Replace identities that came from another source, and a store that cannot be read. */
  readonly force?: boolean;
  /** Time of the import. */
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number, label: string) => void;
  readonly disk?: StoreDisk;
}

/** What an import did. */
export interface ImportSummary {
  /** What the source calls itself. */
  readonly source: string;
  readonly imported: readonly PackIdentity[];
  /** Identities left as they were, because they came from another source. */
  readonly kept: readonly PackIdentity[];
  readonly systems: number;
  readonly models: number;
  /** Bytes of the new packs. */
  readonly bytes: number;
}

/**
 * Imports a source. Either everything asked for is in the store afterwards, or the store is as it was.
 *
 * @throws {WattkeeperError} `interrupted` when the signal fires; else what went wrong, by file
 */
export async function importData(
  options: ImportOptions,
): Promise<ImportSummary> {
  try {
    options.signal.throwIfAborted();
    await using tree = await openSource(options.source, options.signal);
    const catalog = await readCatalog(tree, options.signal);
    const selected = selectIdentities(catalog, options);
    if (selected.length === 0) {
      throw notAicData(
        options.source,
        "it has no measured table for what was asked",
      );
    }
    const { store, force = false, disk } = options;
    await using writer = await openStoreForWriting(store, {
      rebuild: force,
      ...(disk === undefined ? {} : { disk }),
    });
    return await fill(writer, { catalog, selected, options });
  } catch (error) {
    throw asImportError(error, options.signal);
  }
}

async function fill(
  writer: StoreWriter,
  { catalog, selected, options }: {
    readonly catalog: SourceCatalog;
    readonly selected: readonly PackIdentity[];
    readonly options: ImportOptions;
  },
): Promise<ImportSummary> {
  const { signal, force = false, onProgress } = options;
  const source = catalog.tree.description;
  const isForeign = (identity: PackIdentity) =>
    !force && isFromAnother(writer.index, identity, source);
  const kept = selected.filter(isForeign);
  const imported = selected.filter((it) => !isForeign(it));
  const total = imported.length * TABLES_PER_PACK;
  const cache = new TableCache();
  let done = 0;
  let bytes = 0;
  for (const identity of imported) {
    const name = `${identity.system} ${identity.backend} ${identity.version}`;
    onProgress?.(done, total, name);
    const pack = await buildPack(identity, {
      catalog,
      cache,
      signal,
      onTable: (table) => onProgress?.(++done, total, `${name} ${table}`),
    });
    await writer.putPack(identity, pack.bytes);
    bytes += pack.bytes.length;
    for (const limitWatts of lowerLimits(pack.powerLimitsWatts)) {
      onProgress?.(done, total, `${name} at ${limitWatts} W`);
      const build = { catalog, cache, signal };
      const lower = await buildPack(identity, build, limitWatts);
      await writer.putLimitPack(identity, limitWatts, lower.bytes);
      bytes += lower.bytes.length;
    }
  }
  for (const { spec } of catalog.systems.values()) {
    signal.throwIfAborted();
    await writer.putSystem(spec);
  }
  for (const [name, model] of catalog.models) {
    signal.throwIfAborted();
    await writer.putModel(name, model);
  }
  signal.throwIfAborted();
  await writer.commit({
    source,
    importedAt: options.now.toISOString(),
    slots: catalog.slots ?? [],
  });
  const { systems, models } = catalog;
  return {
    ...{ source, imported, kept, bytes },
    systems: systems.size,
    models: models.size,
  };
}

/** More limits than a sweep of one GPU has; a file with more has something else in the column. */
const MOST_LIMITS = 16;

/** All limits but the highest, whose rows are the identity's own. */
function lowerLimits(limitsWatts: readonly number[]): readonly number[] {
  if (limitsWatts.length <= MOST_LIMITS) return limitsWatts.slice(0, -1);
  throw new WattkeeperError(
    "invalid_file",
    `The tables name ${limitsWatts.length} power limits (${
      limitsWatts.slice(0, 3).join(", ")
    }, …); at most ${MOST_LIMITS} are read.`,
    { where: "power_limit", remedy: "Check the column; it has whole watts." },
  );
}

function isFromAnother(
  { identities }: StoreIndex,
  { system, backend, version }: PackIdentity,
  source: string,
): boolean {
  return identities.some((it) =>
    it.system === system && it.backend === backend &&
    it.version === version && it.source !== source
  );
}

function asImportError(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof WattkeeperError) return error;
  if (signal.aborted) {
    return new WattkeeperError(
      "interrupted",
      "The import was interrupted; the store is as it was.",
      { remedy: "Run the same command again.", cause: error },
    );
  }
  return new WattkeeperError(
    "import_failed",
    `The import failed: ${
      error instanceof Error ? error.message : String(error)
    }. The store is as it was.`,
    { remedy: "Run again with --log-level debug and report it.", cause: error },
  );
}
