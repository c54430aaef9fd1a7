/** The arrays of one block, as views over the bytes that hold it: the layout of `format.ts`, written once for reading and writing. @module */

import { FLAG_ALL_PRIMARY, FLAG_HAS_POWER } from "./format.ts";

/** Lengths of a block's arrays, from its four leading numbers. */
export interface BlockCounts {
  /** Keys of axis 0 of a grid, or sites. */
  readonly outer: number;
  /** Rows of a grid, or shared axes of a sites block. */
  readonly middle: number;
  readonly leaves: number;
  /** {@linkcode FLAG_HAS_POWER} and {@linkcode FLAG_ALL_PRIMARY}. */
  readonly flags: number;
}

/** What every leaf carries. */
export interface LeafViews {
  readonly latencyMs: Float64Array;
  /** Blend power, watts; null when the block has none. */
  readonly powerWatts: Float64Array | null;
  /** 1 = from the primary source; null when every leaf is. */
  readonly primary: Uint8Array | null;
}

/** A grid block: three nested, sorted, ragged axes. */
export interface GridViews extends LeafViews {
  readonly keys0: Float64Array;
  readonly rowStart: Int32Array;
  readonly keys1: Float64Array;
  readonly leafStart: Int32Array;
  readonly keys2: Float64Array;
}

/** A sites block: scattered (n, k) sites, each with a curve over a shared m axis. */
export interface SitesViews extends LeafViews {
  readonly axisStart: Int32Array;
  readonly axisKeys: Float64Array;
  readonly n: Float64Array;
  readonly k: Float64Array;
  readonly axisOf: Int32Array;
  readonly leafStart: Int32Array;
}

/** Bytes before the first array of a block. */
export const BLOCK_HEADER_BYTES = 16;

/** The next multiple of 8. */
export function padTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes of a grid block with these lengths. */
export function gridByteLength(counts: BlockCounts): number {
  return BLOCK_HEADER_BYTES + counts.outer * 8 +
    padTo8((counts.outer + 1) * 4) + counts.middle * 8 +
    padTo8((counts.middle + 1) * 4) + counts.leaves * 8 + leafBytes(counts);
}

/** Bytes of a sites block with these lengths. @param axisKeyCount m keys over all shared axes */
export function sitesByteLength(
  counts: BlockCounts,
  axisKeyCount: number,
): number {
  return BLOCK_HEADER_BYTES + padTo8((counts.middle + 1) * 4) +
    axisKeyCount * 8 + counts.outer * 16 + padTo8(counts.outer * 4) +
    padTo8((counts.outer + 1) * 4) + leafBytes(counts);
}

/** Views of the grid block that starts at `offset` of `payload`, which must be a multiple of 8 in its buffer. */
export function gridViews(payload: Uint8Array, offset: number): GridViews {
  const counts = readCounts(payload, offset);
  const arrays = new ArrayCursor(payload, offset + BLOCK_HEADER_BYTES);
  return {
    keys0: arrays.f64(counts.outer),
    rowStart: arrays.i32(counts.outer + 1),
    keys1: arrays.f64(counts.middle),
    leafStart: arrays.i32(counts.middle + 1),
    keys2: arrays.f64(counts.leaves),
    ...leafViews(arrays, counts),
  };
}

/**
 * Views of the sites block that starts at `offset` of `payload`.
 *
 * @param axisKeyCount m keys over all shared axes; read from the block when absent
 */
export function sitesViews(
  payload: Uint8Array,
  offset: number,
  axisKeyCount?: number,
): SitesViews {
  const counts = readCounts(payload, offset);
  const arrays = new ArrayCursor(payload, offset + BLOCK_HEADER_BYTES);
  const axisStart = arrays.i32(counts.middle + 1);
  return {
    axisStart,
    axisKeys: arrays.f64(axisKeyCount ?? axisStart[counts.middle] ?? 0),
    n: arrays.f64(counts.outer),
    k: arrays.f64(counts.outer),
    axisOf: arrays.i32(counts.outer),
    leafStart: arrays.i32(counts.outer + 1),
    ...leafViews(arrays, counts),
  };
}

/** Writes the four leading numbers of a block. */
export function writeCounts(block: Uint8Array, counts: BlockCounts): void {
  new Int32Array(block.buffer, block.byteOffset, 4).set([
    counts.outer,
    counts.middle,
    counts.leaves,
    counts.flags,
  ]);
}

/** Reads the four leading numbers of the block at `offset`. */
export function readCounts(payload: Uint8Array, offset: number): BlockCounts {
  const [outer = 0, middle = 0, leaves = 0, flags = 0] = new Int32Array(
    payload.buffer,
    payload.byteOffset + offset,
    4,
  );
  return { outer, middle, leaves, flags };
}

function leafBytes({ leaves, flags }: BlockCounts): number {
  return leaves * 8 + (flags & FLAG_HAS_POWER ? leaves * 8 : 0) +
    (flags & FLAG_ALL_PRIMARY ? 0 : padTo8(leaves));
}

function leafViews(
  arrays: ArrayCursor,
  { leaves, flags }: BlockCounts,
): LeafViews {
  return {
    latencyMs: arrays.f64(leaves),
    powerWatts: flags & FLAG_HAS_POWER ? arrays.f64(leaves) : null,
    primary: flags & FLAG_ALL_PRIMARY ? null : arrays.u8(leaves),
  };
}

/** Hands out consecutive arrays, each beginning at a multiple of 8. Little-endian, as every machine we run on is. */
class ArrayCursor {
  readonly #buffer: ArrayBufferLike;
  #at: number;

  constructor(bytes: Uint8Array, offset: number) {
    this.#buffer = bytes.buffer;
    this.#at = bytes.byteOffset + offset;
  }

  f64(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#advance(length * 8), length);
  }

  i32(length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#advance(length * 4), length);
  }

  u8(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#advance(length), length);
  }

  #advance(bytes: number): number {
    const start = this.#at;
    this.#at += padTo8(bytes);
    return start;
  }
}
