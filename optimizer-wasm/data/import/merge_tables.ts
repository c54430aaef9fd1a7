/** Putting a table's files together: by slice, first row wins (`aic-engine.md` §1.2). @module */

import { type Block, buildGridBlock, type PackTable } from "../pack/mod.ts";
import { buildSites } from "./build_sites.ts";
import { distinctSorted } from "./distinct_sorted.ts";
import type { LoadedTable, Slice } from "./load_table.ts";

/** A loaded file and whether it is the primary one. */
export interface MergeInput {
  readonly table: LoadedTable;
  readonly primary: boolean;
}

/** A slice with its block. */
export interface MergedSlice {
  readonly table: PackTable;
  readonly key: readonly (string | number)[];
  readonly block: Block;
}

/** The rows of one slice over all files, in priority order. */
export interface SliceRows {
  readonly axes: readonly Float64Array[];
  readonly latencyMs: Float64Array;
  readonly powerWatts: Float64Array;
  readonly primary: Uint8Array;
}

/**
 * Merges files in priority order.
 *
 * @returns slices in the order of first appearance
 */
export function* mergeTables(
  inputs: readonly MergeInput[],
  shape: "sites" | "grid",
): Generator<MergedSlice> {
  const { slices, maps, counts } = numberSlices(inputs);
  const axisCount = inputs[0]?.table.axes.length ?? 0;
  const rowsOf = [...counts].map((count): SliceRows => ({
    axes: Array.from({ length: axisCount }, () => new Float64Array(count)),
    latencyMs: new Float64Array(count),
    powerWatts: new Float64Array(count),
    primary: new Uint8Array(count),
  }));
  scatter(inputs, maps, rowsOf);
  for (const [index, { table, key }] of slices.entries()) {
    const rows = rowsOf[index]!;
    const block = shape === "sites" ? buildSites(rows) : buildGrid(rows);
    yield { table, key, block };
  }
}

/** One numbering of slices over all files. */
function numberSlices(inputs: readonly MergeInput[]): {
  slices: Slice[];
  /** Per file: its slice numbers to common ones. */
  maps: Int32Array[];
  /** Rows of each slice. */
  counts: Int32Array;
} {
  const slices: Slice[] = [];
  const known = new Map<string, number>();
  const maps = inputs.map(({ table }) =>
    Int32Array.from(table.slices, (slice) => {
      const name = JSON.stringify([slice.table, slice.key]);
      const number = known.get(name) ?? slices.push(slice) - 1;
      known.set(name, number);
      return number;
    })
  );
  const counts = new Int32Array(slices.length);
  inputs.forEach(({ table }, file) => {
    const map = maps[file]!;
    for (const slice of table.sliceOf) counts[map[slice]!]!++;
  });
  return { slices, maps, counts };
}

function scatter(
  inputs: readonly MergeInput[],
  maps: readonly Int32Array[],
  rowsOf: readonly SliceRows[],
): void {
  const filled = new Int32Array(rowsOf.length);
  inputs.forEach(({ table, primary }, file) => {
    const map = maps[file]!;
    const { axes, latencyMs, powerWatts, sliceOf } = table;
    for (let row = 0; row < table.rows; row++) {
      const slice = map[sliceOf[row]!]!;
      const into = rowsOf[slice]!;
      const at = filled[slice]!++;
      for (let axis = 0; axis < axes.length; axis++) {
        into.axes[axis]![at] = axes[axis]![row]!;
      }
      into.latencyMs[at] = latencyMs[row]!;
      if (powerWatts) into.powerWatts[at] = powerWatts[row]!;
      if (primary) into.primary[at] = 1;
    }
  });
}

/** Grids of fewer than three axes have a single key 0 on the outer ones (`format.ts`). */
function buildGrid(rows: SliceRows): Block {
  const order = distinctSorted(rows.axes);
  const pick = (column: Float64Array) =>
    Float64Array.from(order, (row) => column[row]!);
  const axes = rows.axes.map(pick);
  while (axes.length < 3) axes.unshift(new Float64Array(order.length));
  return buildGridBlock({
    axis0: axes[0]!,
    axis1: axes[1]!,
    axis2: axes[2]!,
    latencyMs: pick(rows.latencyMs),
    powerWatts: pick(rows.powerWatts),
    primary: Uint8Array.from(order, (row) => rows.primary[row]!),
  });
}
