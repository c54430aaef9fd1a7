/**
 * The rows of a pack that have measured power, as tables of their own: slices without any are not there, and rows
 * without are left out, so that no look-up mixes a measured draw with nothing. A block is copied into the module's
 * memory when an operator first needs it.
 * @module
 */

import type { PackDirectory, PackSlice } from "../data/pack/format.ts";
import {
  gridViews,
  type LeafViews,
  sitesViews,
} from "../data/pack/block_views.ts";
import { buildGridBlock } from "../data/pack/grid_block.ts";
import { buildSitesBlock } from "../data/pack/sites_block.ts";
import { Tables } from "./tables.ts";
import type { WasmExports } from "./wasm_exports.ts";

/** Tables of the powered rows of a pack. */
export function poweredTables(
  { directory, payload }: {
    readonly directory: PackDirectory;
    readonly payload: Uint8Array;
  },
  wasm: WasmExports,
): Tables {
  const slices = directory.slices.filter((slice) => slice.poweredLeaves > 0);
  return new Tables({ ...directory, slices }, wasm, (slice) => {
    const bytes = poweredBlock(payload, slice);
    const address = wasm.reserve(bytes.length);
    new Uint8Array(wasm.memory.buffer, address).set(bytes);
    return address;
  });
}

/** The block of a slice with its powered rows alone. */
export function poweredBlock(
  payload: Uint8Array,
  slice: PackSlice,
): Uint8Array {
  return slice.table === "gemm"
    ? poweredSites(payload, slice.offset)
    : poweredGrid(payload, slice.offset);
}

/** Positions of the leaves with power. */
function powered({ powerWatts }: LeafViews): Int32Array {
  const kept = new Int32Array(powerWatts?.length ?? 0);
  let count = 0;
  powerWatts?.forEach((watts, leaf) => {
    if (watts > 0) kept[count++] = leaf;
  });
  return kept.subarray(0, count);
}

function columnsOf(views: LeafViews, kept: Int32Array) {
  const pick = (column: Float64Array) =>
    Float64Array.from(kept, (leaf) => column[leaf] ?? 0);
  return {
    latencyMs: pick(views.latencyMs),
    powerWatts: pick(views.powerWatts ?? new Float64Array()),
    primary: new Uint8Array(kept.length).fill(1),
  };
}

function poweredGrid(payload: Uint8Array, offset: number): Uint8Array {
  const views = gridViews(payload, offset);
  const kept = powered(views);
  const axis0 = new Float64Array(kept.length);
  const axis1 = new Float64Array(kept.length);
  let outer = 0;
  let row = 0;
  kept.forEach((leaf, at) => {
    while ((views.leafStart[row + 1] ?? Infinity) <= leaf) row++;
    while ((views.rowStart[outer + 1] ?? Infinity) <= row) outer++;
    axis0[at] = views.keys0[outer] ?? 0;
    axis1[at] = views.keys1[row] ?? 0;
  });
  const axis2 = Float64Array.from(kept, (leaf) => views.keys2[leaf] ?? 0);
  return buildGridBlock({ axis0, axis1, axis2, ...columnsOf(views, kept) })
    .bytes;
}

function poweredSites(payload: Uint8Array, offset: number): Uint8Array {
  const views = sitesViews(payload, offset);
  const kept = powered(views);
  const m = new Float64Array(kept.length);
  const n: number[] = [];
  const k: number[] = [];
  const leafStart: number[] = [];
  let site = 0;
  let last = -1;
  kept.forEach((leaf, at) => {
    while ((views.leafStart[site + 1] ?? Infinity) <= leaf) site++;
    if (site !== last) {
      n.push(views.n[site] ?? 0);
      k.push(views.k[site] ?? 0);
      leafStart.push(at);
      last = site;
    }
    const axis = views.axisStart[views.axisOf[site] ?? 0] ?? 0;
    m[at] = views.axisKeys[axis + leaf - (views.leafStart[site] ?? 0)] ?? 0;
  });
  return buildSitesBlock({
    n: Float64Array.from(n),
    k: Float64Array.from(k),
    leafStart: Int32Array.from([...leafStart, kept.length]),
    m,
    ...columnsOf(views, kept),
  }).bytes;
}
