/**
 * Which measured points can be among the five nearest of a query (`aic-engine.md` §3.2), for one grid and one number of
 * heads. The plane of the other two coordinates is cut into small cells (in log2); a cell knows the points that are near
 * enough to any place inside it. Cells are filled when they are first asked, into memory set aside when the operator is
 * bound and cleared a row of cells at a time; they depend on the measured points alone, not on what was asked.
 */

import {
  allocate,
  allocateLazily,
  f64At,
  log2Of,
  lowerIndex,
  setF64,
} from "./arrays";
import { attentionSol } from "./attention_sol";
import { ensureDerived, Grid, leafBegin, rowBegin } from "./grid";
import { Strips, stripsOf } from "./strips";
import { Op } from "./op";

/** Cells a doubling of a coordinate, and how far the plane reaches: 2^0 to 2^OCTAVES_1 and 2^OCTAVES_2. */
const CELLS_PER_OCTAVE: i32 = 8;
const OCTAVES_1: i32 = 17;
const OCTAVES_2: i32 = 18;
const COLUMNS: i32 = CELLS_PER_OCTAVE * OCTAVES_2;
const ROWS: i32 = CELLS_PER_OCTAVE * OCTAVES_1;
/** Points that a cell can hold; one with more is asked by the full search. */
const CAPACITY: i32 = 31;
/** One u16 for the count, one for each point. */
const CELL_BYTES: usize = 64;
const ROW_BYTES: usize = <usize> COLUMNS * CELL_BYTES;
const UNFILLED: u16 = 0;
const TOO_MANY: u16 = 0xffff;

@unmanaged
export class HoldIndex {
  grid: Grid;
  heads: f64;
  logHeads: f64;
  /** Inside the grid: the strips of the heads, or of the next fewer; null where there are none. */
  strips: Strips;
  /** The strips of the next more heads, null where the grid has these, and how far these lie on the way to them. */
  stripsAbove: Strips;
  headShare: f64;
  /** Utilisation of each leaf; 0 where it says nothing: latency or speed of light not positive. */
  utilisations: usize;
  /** Squared log2 distance of each leaf on the first axis, and log2 of its second coordinate. */
  squares0: usize;
  logs1: usize;
  cells: usize;
  /** One byte for each row of cells: 1 once the row has been cleared. */
  cleared: usize;
  next: HoldIndex;
}

let first: usize = 0;

/** The index of an operator's grid and heads; operators of the same kernel share it. */
export function holdIndexOf(op: Op): HoldIndex {
  let at = first;
  while (at != 0) {
    const known = changetype<HoldIndex>(at);
    if (
      changetype<usize>(known.grid) == changetype<usize>(op.grid) &&
      known.heads == op.heads
    ) return known;
    at = changetype<usize>(known.next);
  }
  const index = build(op);
  index.next = changetype<HoldIndex>(first);
  first = changetype<usize>(index);
  return index;
}

function build(op: Op): HoldIndex {
  const grid = op.grid;
  ensureDerived(grid);
  const index = changetype<HoldIndex>(allocate(offsetof<HoldIndex>()));
  const bytes = max(<usize> grid.leafCount, 1) << 3;
  index.grid = grid;
  index.heads = op.heads;
  index.logHeads = log2Of(op.heads);
  bindStrips(index, grid);
  index.utilisations = allocate(bytes);
  index.squares0 = allocate(bytes);
  index.logs1 = allocate(bytes);
  if (grid.leafCount < <i32> TOO_MANY) {
    index.cells = allocateLazily(<usize> ROWS * ROW_BYTES);
    index.cleared = allocate(<usize> ROWS);
  }
  for (let i = 0; i < grid.keys0Count; i++) {
    const d0 = f64At(grid.log0, i) - index.logHeads;
    for (let row = rowBegin(grid, i); row < rowBegin(grid, i + 1); row++) {
      const end = leafBegin(grid, row + 1);
      for (let leaf = leafBegin(grid, row); leaf < end; leaf++) {
        const ms = f64At(grid.latency, leaf);
        const sol = attentionSol(
          op,
          f64At(grid.keys0, i),
          f64At(grid.keys1, row),
          f64At(grid.keys2, leaf),
        );
        const usable = ms > 0.0 && sol > 0.0;
        setF64(index.utilisations, leaf, usable ? sol / ms : 0.0);
        setF64(index.squares0, leaf, d0 * d0);
        setF64(index.logs1, leaf, f64At(grid.log1, row));
      }
    }
  }
  return index;
}

function bindStrips(index: HoldIndex, grid: Grid): void {
  const low = lowerIndex(grid.keys0, grid.keys0Count, index.heads);
  if (low < 0) return;
  const key = f64At(grid.keys0, low);
  if (key != index.heads) {
    if (low == grid.keys0Count - 1) return;
    const next = f64At(grid.keys0, low + 1);
    index.headShare = (index.heads - key) / (next - key);
    index.stripsAbove = stripsOf(grid, low + 1);
  }
  index.strips = stripsOf(grid, low);
}

/** The cell of (l1, l2), filled; 0 when the place lies outside the plane or its cell has too many points. */
export function cellAt(index: HoldIndex, l1: f64, l2: f64): usize {
  if (index.cells == 0 || !(l1 >= 0.0) || !(l2 >= 0.0)) return 0;
  if (l1 >= <f64> OCTAVES_1 || l2 >= <f64> OCTAVES_2) return 0;
  const i1 = <i32> (l1 * <f64> CELLS_PER_OCTAVE);
  const i2 = <i32> (l2 * <f64> CELLS_PER_OCTAVE);
  const row = index.cells + <usize> i1 * ROW_BYTES;
  // Most rows of most grids are never asked: they take no memory of the machine.
  if (load<u8>(index.cleared + <usize> i1) == 0) {
    memory.fill(row, 0, ROW_BYTES);
    store<u8>(index.cleared + <usize> i1, 1);
  }
  const cell = row + <usize> i2 * CELL_BYTES;
  let count = load<u16>(cell);
  if (count == UNFILLED) count = fill(index, cell, i1, i2);
  return count == TOO_MANY ? 0 : cell;
}

const nearest = allocate(5 * 8);

/** Points within the fifth distance of the middle plus a cell's diagonal: no other can be among the five anywhere in it. */
function fill(index: HoldIndex, cell: usize, i1: i32, i2: i32): u16 {
  const side = 1.0 / <f64> CELLS_PER_OCTAVE;
  const l1 = (<f64> i1 + 0.5) * side;
  const l2 = (<f64> i2 + 0.5) * side;
  const fifth = fifthSquare(index, l1, l2);
  // A hair more, so that rounding never loses a point on the rim.
  const reach = Math.sqrt(fifth) + side * Math.SQRT2 + 1e-9;
  const square = reach * reach;
  const count = index.grid.leafCount;
  let stored: u16 = 0;
  for (let leaf = 0; leaf < count; leaf++) {
    if (!(f64At(index.utilisations, leaf) > 0.0)) continue;
    if (squareOf(index, leaf, l1, l2) > square) continue;
    if (stored == <u16> CAPACITY) {
      store<u16>(cell, TOO_MANY);
      return TOO_MANY;
    }
    store<u16>(cell + 2 + ((<usize> stored) << 1), <u16> leaf);
    stored++;
  }
  store<u16>(cell, stored == 0 ? TOO_MANY : stored);
  return load<u16>(cell);
}

/** Squared log2 distance of a leaf from (heads, l1, l2). */
export function squareOf(
  index: HoldIndex,
  leaf: i32,
  l1: f64,
  l2: f64,
): f64 {
  const d1 = f64At(index.logs1, leaf) - l1;
  const d2 = f64At(index.grid.log2, leaf) - l2;
  return f64At(index.squares0, leaf) + d1 * d1 + d2 * d2;
}

/** Squared distance of the fifth nearest valid leaf; infinite when there are fewer. */
function fifthSquare(index: HoldIndex, l1: f64, l2: f64): f64 {
  for (let i = 0; i < 5; i++) setF64(nearest, i, Infinity);
  const count = index.grid.leafCount;
  for (let leaf = 0; leaf < count; leaf++) {
    const square = squareOf(index, leaf, l1, l2);
    if (square >= f64At(nearest, 4)) continue;
    if (!(f64At(index.utilisations, leaf) > 0.0)) continue;
    let at = 4;
    while (at > 0 && f64At(nearest, at - 1) > square) {
      setF64(nearest, at, f64At(nearest, at - 1));
      at--;
    }
    setF64(nearest, at, square);
  }
  return f64At(nearest, 4);
}

