/** From an identity to the bytes of its pack. @module */

import {
  type PackHead,
  type PackIdentity,
  type PackSource,
  type PackTable,
  PackWriter,
} from "../pack/mod.ts";
import { type LoadedTable, loadTable } from "./load_table.ts";
import { mergeTables } from "./merge_tables.ts";
import { attentionHeads } from "./model_configs.ts";
import { type ResolvedSource, resolveSources } from "./resolve_sources.ts";
import { type DeclaredDonor, readReuseYaml } from "./reuse_yaml.ts";
import type { CatalogSystem, SourceCatalog } from "./source_catalog.ts";
import { readText } from "./source_tree.ts";
import type { TableCache } from "./table_cache.ts";
import type { LoadContext, TableSpec } from "./table_spec.ts";
import { LIBRARY_SPECS, TABLE_SPECS } from "./table_specs.ts";

/** Tables of an identity: steps of progress. */
export const TABLES_PER_PACK = TABLE_SPECS.length + 1;

/** What building needs beside the identity. */
export interface PackBuild {
  readonly catalog: SourceCatalog;
  readonly cache: TableCache;
  readonly signal: AbortSignal;
  /** Called after each table. @param table file stem */
  readonly onTable?: (table: string) => void;
}

interface TableSources {
  readonly spec: TableSpec;
  readonly sources: readonly ResolvedSource[];
}

/** A pack's bytes, and the power limits that its files were measured at. */
export interface BuiltPack {
  readonly bytes: Uint8Array;
  /** Watts, ascending. */
  readonly powerLimitsWatts: readonly number[];
}

/**
 * Builds the pack of one identity.
 *
 * @param limitWatts only rows measured at this power limit; absent: at the highest of each file
 * @throws {WattkeeperError} `invalid_file`, `file_unreadable`
 */
export async function buildPack(
  identity: PackIdentity,
  build: PackBuild,
  limitWatts?: number,
): Promise<BuiltPack> {
  const { catalog, cache, signal } = build;
  const system = catalog.systems.get(identity.system)!;
  const context: LoadContext = {
    system: system.spec,
    headsOfModel: (name) => {
      const model = catalog.models.get(name);
      return model === undefined ? null : attentionHeads(model);
    },
  };
  const writer = new PackWriter();
  const sources: PackSource[] = [];
  const powerLimits = new Set<number>();
  const declared = await readDonors(catalog, system, identity);
  for (const tables of listTables(catalog, system, { identity, declared })) {
    const inputs = [];
    for (const part of tables) {
      for (const source of part.sources) {
        signal.throwIfAborted();
        const { path, kernels, role, backend, version } = source;
        const table = await cache.get(
          cacheKey(source, limitWatts),
          () =>
            loadTable(
              {
                spec: part.spec,
                tree: catalog.tree,
                path,
                kernels,
                limitWatts,
              },
              context,
            ),
        );
        table.powerLimitsWatts.forEach((watts) => powerLimits.add(watts));
        if (limitWatts !== undefined && !holdsAtAnyLimit(part.spec, table)) {
          continue;
        }
        inputs.push({ table, primary: role === "primary" });
        const { rows } = table;
        sources.push({ table: part.spec.stem, role, backend, version, rows });
      }
    }
    const { shape, stem } = tables[0]!.spec;
    for (const { table, key, block } of mergeTables(inputs, shape)) {
      signal.throwIfAborted();
      writer.add(table, key, block);
    }
    build.onTable?.(stem);
  }
  const powerLimitsWatts = [...powerLimits].sort((a, b) => a - b);
  const head: PackHead = {
    identity,
    system: system.spec,
    pinnedLane: catalog.lanes(
      identity.backend,
      identity.version,
      system.spec.smVersion,
    ),
    powerLimitsWatts,
    ...(limitWatts === undefined ? {} : { limitWatts }),
    sources,
  };
  return { bytes: await writer.finish(head), powerLimitsWatts };
}

const COMMUNICATION: readonly PackTable[] = [
  "custom_allreduce",
  "nccl",
  "moe_a2a",
];

/**
 * Whether a file belongs into the pack of a lower limit. A kernel measured without one ran at an unknown limit, so it says
 * nothing about this one; links do not slow down with a GPU's clock.
 */
function holdsAtAnyLimit(spec: TableSpec, table: LoadedTable): boolean {
  return table.powerLimitsWatts.size > 0 ||
    spec.tables.every((name) => COMMUNICATION.includes(name));
}

/** Tables versioned by the backend, then the collective libraries; files of one entry are merged. */
function* listTables(
  { manifest }: SourceCatalog,
  system: CatalogSystem,
  { identity, declared }: {
    readonly identity: PackIdentity;
    readonly declared: readonly DeclaredDonor[];
  },
): Generator<TableSources[]> {
  const { backend, version } = identity;
  const { layout } = system;
  for (const spec of TABLE_SPECS) {
    const query = { layout, backend, version, table: spec.stem };
    yield [{ spec, sources: resolveSources({ ...query, declared, manifest }) }];
  }
  yield [
    {
      spec: LIBRARY_SPECS.nccl,
      ...library(layout, "nccl", system.ncclVersion),
    },
    {
      spec: LIBRARY_SPECS.oneccl,
      ...library(layout, "oneccl", system.onecclVersion),
    },
  ];
}

/** A collective library has the one version that the system's yaml names. */
function library(
  layout: CatalogSystem["layout"],
  name: "nccl" | "oneccl",
  version: string | null,
): { sources: ResolvedSource[] } {
  const found = version && layout.find(name, version, `${name}_perf`);
  if (!version || !found) return { sources: [] };
  const source = { backend: name, version, path: found.path, kernels: null };
  return { sources: [{ role: "primary", ...source }] };
}

async function readDonors(
  { tree }: SourceCatalog,
  { layout }: CatalogSystem,
  { backend, version }: PackIdentity,
): Promise<DeclaredDonor[]> {
  const donors: DeclaredDonor[] = [];
  for (const path of layout.reuseFiles(backend, version)) {
    donors.push(
      ...readReuseYaml(await readText(tree, path), tree.locate(path)),
    );
  }
  return donors;
}

function cacheKey(
  { path, kernels }: ResolvedSource,
  limitWatts: number | undefined,
): string {
  const names = kernels === null ? [] : [...kernels].sort();
  return [path, limitWatts ?? "", ...names].join("\0");
}
