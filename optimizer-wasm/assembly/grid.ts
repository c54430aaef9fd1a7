/** A grid block of the pack, opened: pointers to its ragged axes and leaves (`data/pack/format.ts`). */

import { allocate, f64At, i32At, padded } from "./arrays";
import { Ruler, rulerOf } from "./ruler";

/** Up to three nested sorted axes; leaf i of row r is at `leafStart[r] + i`. */
@unmanaged
export class Grid {
  keys0Count: i32;
  rowCount: i32;
  leafCount: i32;
  keys0: usize;
  rowStart: usize;
  keys1: usize;
  leafStart: usize;
  keys2: usize;
  latency: usize;
  /** 0 when nothing in the block has measured power. */
  power: usize;
  /** 0 when every leaf is a primary one. */
  primary: usize;
  /** The last axis of a curve, null when there is more than one row. */
  ruler: Ruler;
}

const HAS_POWER = 1;
const ALL_PRIMARY = 2;

/** @param block address of the block's first byte */
export function openGrid(block: usize): Grid {
  const grid = changetype<Grid>(allocate(offsetof<Grid>()));
  grid.keys0Count = load<i32>(block);
  grid.rowCount = load<i32>(block, 4);
  grid.leafCount = load<i32>(block, 8);
  const flags = load<i32>(block, 12);
  let at = block + 16;
  grid.keys0 = at;
  at += (<usize> grid.keys0Count) << 3;
  grid.rowStart = at;
  at += padded((<usize> (grid.keys0Count + 1)) << 2);
  grid.keys1 = at;
  at += (<usize> grid.rowCount) << 3;
  grid.leafStart = at;
  at += padded((<usize> (grid.rowCount + 1)) << 2);
  const leafBytes = (<usize> grid.leafCount) << 3;
  grid.keys2 = at;
  at += leafBytes;
  grid.latency = at;
  at += leafBytes;
  if ((flags & HAS_POWER) != 0) {
    grid.power = at;
    at += leafBytes;
  }
  if ((flags & ALL_PRIMARY) == 0) grid.primary = at;
  if (grid.rowCount == 1) grid.ruler = rulerOf(grid.keys2, grid.leafCount);
  return grid;
}

export function powerAt(grid: Grid, leaf: i32): f64 {
  return grid.power == 0 ? 0.0 : f64At(grid.power, leaf);
}

export function rowBegin(grid: Grid, key0: i32): i32 {
  return i32At(grid.rowStart, key0);
}

export function leafBegin(grid: Grid, row: i32): i32 {
  return i32At(grid.leafStart, row);
}

export function isPrimary(grid: Grid, leaf: i32): bool {
  return grid.primary == 0 || load<u8>(grid.primary + leaf) != 0;
}
