/** Building a pack from a source in memory and looking into it. @module */

import {
  gridViews,
  type Pack,
  type PackIdentity,
  type PackTable,
  parsePack,
  sitesViews,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import { buildPack } from "../../../optimizer-wasm/data/import/build_pack.ts";
import { readCatalog } from "../../../optimizer-wasm/data/import/source_catalog.ts";
import { TableCache } from "../../../optimizer-wasm/data/import/table_cache.ts";
import { type Files, memoryTree } from "./aic_source.ts";

/** `[axis 0, axis 1, axis 2, ms, watts, 1 = primary]`. */
export type Leaf = readonly [number, number, number, number, number, 0 | 1];

/** Builds the pack of `identity`, written `system backend version`. */
export async function packOf(files: Files, identity: string): Promise<Pack> {
  const [system = "", backend = "", version = ""] = identity.split(" ");
  const { signal } = new AbortController();
  const catalog = await readCatalog(memoryTree(files), signal);
  const wanted: PackIdentity = { system, backend, version };
  const cache = new TableCache();
  return await parsePack(
    (await buildPack(wanted, { catalog, cache, signal })).bytes,
    identity,
  );
}

/** Keys of a table's slices in their order, joined by spaces. */
export function keysOf({ directory }: Pack, table: PackTable): string[] {
  return directory.slices.filter((it) => it.table === table)
    .map((it) => it.key.join(" "));
}

/** Leaves of a grid slice in their order. @param key as {@linkcode keysOf} writes it */
export function leavesOf(pack: Pack, table: PackTable, key: string): Leaf[] {
  const views = gridViews(pack.payload, offsetOf(pack, table, key));
  const leaves: Leaf[] = [];
  const { keys0, rowStart, keys1, leafStart, keys2 } = views;
  for (let outer = 0; outer < keys0.length; outer++) {
    for (let row = rowStart[outer]!; row < rowStart[outer + 1]!; row++) {
      for (let leaf = leafStart[row]!; leaf < leafStart[row + 1]!; leaf++) {
        leaves.push([
          keys0[outer]!,
          keys1[row]!,
          keys2[leaf]!,
          ...valuesOf(views, leaf),
        ]);
      }
    }
  }
  return leaves;
}

/** Sites of a GEMM slice in their order, each with its curve `[m, n, k, ms, watts, primary]`. */
export function sitesOf(
  pack: Pack,
  quant: string,
): { site: string; curve: Leaf[] }[] {
  const views = sitesViews(pack.payload, offsetOf(pack, "gemm", quant));
  const { n, k, axisOf, axisStart, axisKeys, leafStart } = views;
  return Array.from(n, (_, site) => {
    const axis = axisStart[axisOf[site]!]!;
    const start = leafStart[site]!;
    return {
      site: `${n[site]} ${k[site]}`,
      curve: Array.from(
        { length: leafStart[site + 1]! - start },
        (_, i): Leaf => [
          axisKeys[axis + i]!,
          n[site]!,
          k[site]!,
          ...valuesOf(views, start + i),
        ],
      ),
    };
  });
}

function valuesOf(
  { latencyMs, powerWatts, primary }: {
    readonly latencyMs: Float64Array;
    readonly powerWatts: Float64Array | null;
    readonly primary: Uint8Array | null;
  },
  leaf: number,
): [number, number, 0 | 1] {
  return [
    latencyMs[leaf]!,
    powerWatts?.[leaf] ?? 0,
    primary === null || primary[leaf] === 1 ? 1 : 0,
  ];
}

function offsetOf(pack: Pack, table: PackTable, key: string): number {
  const slice = pack.directory.slices.find((it) =>
    it.table === table && it.key.join(" ") === key
  );
  if (slice === undefined) {
    throw new Error(`no ${table} "${key}": ${keysOf(pack, table).join(" | ")}`);
  }
  return slice.offset;
}
