/** Reads a pack the slow way: every block is decoded into nested keys. Layout: `optimizer-wasm/data/pack/format.ts`. @module */

import type {
  PackDirectory,
  PackSlice,
} from "../../optimizer-wasm/data/pack/format.ts";
import type {
  GridNode,
  GridSlice,
  Leaf,
  Site,
  SitesSlice,
  Tables,
} from "./tables.ts";

const HAS_POWER = 1;
const ALL_PRIMARY = 2;

/** Walks a block front to back. */
class BlockReader {
  readonly #view: DataView;
  #at: number;

  constructor(payload: Uint8Array, offset: number) {
    this.#view = new DataView(
      payload.buffer,
      payload.byteOffset,
      payload.length,
    );
    this.#at = offset;
  }

  /** 32-bit integers, then the padding to 8. */
  integers(count: number): number[] {
    const found = Array.from(
      { length: count },
      (_, i) => this.#view.getInt32(this.#at + 4 * i, true),
    );
    this.#at += Math.ceil(4 * count / 8) * 8;
    return found;
  }

  doubles(count: number): number[] {
    const found = Array.from(
      { length: count },
      (_, i) => this.#view.getFloat64(this.#at + 8 * i, true),
    );
    this.#at += 8 * count;
    return found;
  }

  bytes(count: number): number[] {
    const found = Array.from(
      { length: count },
      (_, i) => this.#view.getUint8(this.#at + i),
    );
    this.#at += Math.ceil(count / 8) * 8;
    return found;
  }

  leaves(count: number, flags: number): Leaf[] {
    const ms = this.doubles(count);
    const watts = flags & HAS_POWER ? this.doubles(count) : [];
    const primary = flags & ALL_PRIMARY ? [] : this.bytes(count);
    return ms.map((value, i) => ({
      ms: value,
      watts: watts[i] ?? 0,
      primary: (primary[i] ?? 1) === 1,
    }));
  }
}

function readGrid(payload: Uint8Array, offset: number): GridNode {
  const reader = new BlockReader(payload, offset);
  const [keyCount = 0, rowCount = 0, leafCount = 0, flags = 0] = reader
    .integers(4);
  const keys = reader.doubles(keyCount);
  const rowStart = reader.integers(keyCount + 1);
  const rowKeys = reader.doubles(rowCount);
  const leafStart = reader.integers(rowCount + 1);
  const leafKeys = reader.doubles(leafCount);
  const leaves = reader.leaves(leafCount, flags);
  const row = (r: number): GridNode => ({
    keys: leafKeys.slice(leafStart[r], leafStart[r + 1]),
    below: leaves.slice(leafStart[r], leafStart[r + 1]),
  });
  const below = keys.map((_, i): GridNode => {
    const [from = 0, to = 0] = [rowStart[i], rowStart[i + 1]];
    return {
      keys: rowKeys.slice(from, to),
      below: Array.from({ length: to - from }, (_, r) => row(from + r)),
    };
  });
  return { keys, below };
}

function readSites(payload: Uint8Array, offset: number): Site[] {
  const reader = new BlockReader(payload, offset);
  const [siteCount = 0, axisCount = 0, leafCount = 0, flags = 0] = reader
    .integers(4);
  const axisStart = reader.integers(axisCount + 1);
  const axisKeys = reader.doubles(axisStart[axisCount] ?? 0);
  const n = reader.doubles(siteCount);
  const k = reader.doubles(siteCount);
  const axisOf = reader.integers(siteCount);
  const leafStart = reader.integers(siteCount + 1);
  const leaves = reader.leaves(leafCount, flags);
  return n.map((width, i) => {
    const axis = axisOf[i] ?? 0;
    return {
      n: width,
      k: k[i] ?? 0,
      m: axisKeys.slice(axisStart[axis], axisStart[axis + 1]),
      leaves: leaves.slice(leafStart[i], leafStart[i + 1]),
    };
  });
}

/** The tables of a pack; blocks are decoded when first asked for. */
export function packTables(
  { directory, payload }: {
    readonly directory: PackDirectory;
    readonly payload: Uint8Array;
  },
): Tables {
  const grids = new Map<string, readonly GridSlice[]>();
  let gemm: readonly SitesSlice[] | undefined;
  const of = (table: string): PackSlice[] =>
    directory.slices.filter((slice) => slice.table === table);
  return {
    system: directory.system,
    pinnedLane: directory.pinnedLane,
    grids(table) {
      const found = grids.get(table) ??
        of(table).map(({ key, offset }) => ({
          key,
          grid: readGrid(payload, offset),
        }));
      grids.set(table, found);
      return found;
    },
    gemm() {
      gemm ??= of("gemm").map(({ key, offset }) => ({
        key,
        sites: readSites(payload, offset),
      }));
      return gemm;
    },
  };
}
