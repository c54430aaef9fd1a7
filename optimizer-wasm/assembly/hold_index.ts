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
import { Grid, leafBegin, rowBegin } from "./grid";
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
/** An octave of both coordinates has a list of its own, which its cells are filled from. */
const OCTAVE_CAPACITY: i32 = 255;
const OCTAVE_BYTES: usize = 512;
const OCTAVE_ROW_BYTES: usize = <usize> OCTAVES_2 * OCTAVE_BYTES;
const UNFILLED: u16 = 0;
const TOO_MANY: u16 = 0xffff;

/** A measured point: log2 of its second and third coordinate, squared log2 distance on the first, and utilisation. */
namespace Point {
  export const BYTES: usize = 32;
  export const LOG1: usize = 0;
  export const LOG2: usize = 8;
  export const SQUARE0: usize = 16;
  /** 0 where it says nothing: latency or speed of light not positive. */
  export const UTILISATION: usize = 24;
}

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
  /** One for each leaf, see `Point`. */
  points: usize;
  cells: usize;
  octaves: usize;
  /** One byte for each row of cells, then for each of octaves: 1 once the row has been cleared. */
  cleared: usize;
  next: HoldIndex;
}

let first: usize = 0;

/** An index of the same grid for other heads; null when there is none yet. */
function twinOf(grid: Grid): HoldIndex {
  let at = first;
  while (at != 0) {
    const known = changetype<HoldIndex>(at);
    if (changetype<usize>(known.grid) == changetype<usize>(grid)) return known;
    at = changetype<usize>(known.next);
  }
  return changetype<HoldIndex>(0);
}

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
  const index = changetype<HoldIndex>(allocate(offsetof<HoldIndex>()));
  index.grid = grid;
  index.heads = op.heads;
  index.logHeads = log2Of(op.heads);
  bindStrips(index, grid);
  index.points = allocate(max(<usize> grid.leafCount, 1) * Point.BYTES);
  if (grid.leafCount < <i32> TOO_MANY) {
    index.cells = allocateLazily(<usize> ROWS * ROW_BYTES);
    index.octaves = allocateLazily(<usize> OCTAVES_1 * OCTAVE_ROW_BYTES);
    index.cleared = allocate(<usize> (ROWS + OCTAVES_1));
  }
  const twin = twinOf(grid);
  const isFirst = changetype<usize>(twin) == 0;
  for (let i = 0; i < grid.keys0Count; i++) {
    const c0 = f64At(grid.keys0, i);
    const d0 = log2Of(c0) - index.logHeads;
    for (let row = rowBegin(grid, i); row < rowBegin(grid, i + 1); row++) {
      const c1 = f64At(grid.keys1, row);
      const log1 = log2Of(c1);
      const end = leafBegin(grid, row + 1);
      for (let leaf = leafBegin(grid, row); leaf < end; leaf++) {
        const c2 = f64At(grid.keys2, leaf);
        const ms = f64At(grid.latency, leaf);
        const sol = attentionSol(op, c0, c1, c2);
        const point = pointAt(index, leaf);
        // Logarithms take longest, and are the same for all heads.
        const log2 = isFirst
          ? log2Of(c2)
          : load<f64>(pointAt(twin, leaf), Point.LOG2);
        store<f64>(point, log1, Point.LOG1);
        store<f64>(point, log2, Point.LOG2);
        store<f64>(point, d0 * d0, Point.SQUARE0);
        if (ms > 0.0 && sol > 0.0) store<f64>(point, sol / ms, Point.UTILISATION);
      }
    }
  }
  return index;
}

function pointAt(index: HoldIndex, leaf: i32): usize {
  return index.points + (<usize> leaf) * Point.BYTES;
}

/** Utilisation of a leaf; 0 where it says nothing. */
export function utilisationOf(index: HoldIndex, leaf: i32): f64 {
  return load<f64>(pointAt(index, leaf), Point.UTILISATION);
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
  clearOnce(index.cleared + <usize> i1, row, ROW_BYTES);
  const cell = row + <usize> i2 * CELL_BYTES;
  let count = load<u16>(cell);
  if (count == UNFILLED) count = fill(index, cell, i1, i2);
  return count == TOO_MANY ? 0 : cell;
}

/** Most rows of most grids are never asked: they take no memory of the machine. */
function clearOnce(cleared: usize, row: usize, bytes: usize): void {
  if (load<u8>(cleared) != 0) return;
  memory.fill(row, 0, bytes);
  store<u8>(cleared, 1);
}

/** The list of the octaves of (l1, l2), filled; 0 when it has too many points. */
function octaveAt(index: HoldIndex, i1: i32, i2: i32): usize {
  const o1 = i1 / CELLS_PER_OCTAVE;
  const o2 = i2 / CELLS_PER_OCTAVE;
  const row = index.octaves + <usize> o1 * OCTAVE_ROW_BYTES;
  clearOnce(index.cleared + <usize> (ROWS + o1), row, OCTAVE_ROW_BYTES);
  const list = row + <usize> o2 * OCTAVE_BYTES;
  let count = load<u16>(list);
  if (count == UNFILLED) {
    const middle1 = <f64> o1 + 0.5;
    const middle2 = <f64> o2 + 0.5;
    count = fillFrom(index, 0, list, OCTAVE_CAPACITY, middle1, middle2, 1.0);
  }
  return count == TOO_MANY ? 0 : list;
}

function fill(index: HoldIndex, cell: usize, i1: i32, i2: i32): u16 {
  const side = 1.0 / <f64> CELLS_PER_OCTAVE;
  const l1 = (<f64> i1 + 0.5) * side;
  const l2 = (<f64> i2 + 0.5) * side;
  return fillFrom(index, octaveAt(index, i1, i2), cell, CAPACITY, l1, l2, side);
}

const nearest = allocate(5 * 8);

/**
 * Fills a list from another, or from all points when there is none: those within the fifth distance of the middle plus
 * a cell's diagonal, for no other can be among the five anywhere in it. The nearest to the middle first.
 */
function fillFrom(
  index: HoldIndex,
  source: usize,
  list: usize,
  capacity: i32,
  l1: f64,
  l2: f64,
  side: f64,
): u16 {
  const count = source == 0 ? index.grid.leafCount : <i32> load<u16>(source);
  const fifth = fifthSquare(index, source, count, l1, l2);
  // A hair more, so that rounding never loses a point on the rim.
  const reach = Math.sqrt(fifth) + side * Math.SQRT2 + 1e-9;
  const square = reach * reach;
  let stored = 0;
  for (let i = 0; i < count; i++) {
    const leaf = leafOf(source, i);
    if (!(utilisationOf(index, leaf) > 0.0)) continue;
    const own = squareOf(index, leaf, l1, l2);
    if (own > square) continue;
    if (stored == capacity) {
      store<u16>(list, TOO_MANY);
      return TOO_MANY;
    }
    let at = list + 2 + ((<usize> stored) << 1);
    while (
      at > list + 2 &&
      squareOf(index, <i32> load<u16>(at - 2), l1, l2) > own
    ) {
      store<u16>(at, load<u16>(at - 2));
      at -= 2;
    }
    store<u16>(at, <u16> leaf);
    stored++;
  }
  store<u16>(list, stored == 0 ? TOO_MANY : <u16> stored);
  return load<u16>(list);
}

/** The i-th leaf of a list, or of all. */
function leafOf(source: usize, i: i32): i32 {
  return source == 0 ? i : <i32> load<u16>(source + 2 + ((<usize> i) << 1));
}

/** Squared log2 distance of a leaf from (heads, l1, l2). */
export function squareOf(
  index: HoldIndex,
  leaf: i32,
  l1: f64,
  l2: f64,
): f64 {
  const point = pointAt(index, leaf);
  const d1 = load<f64>(point, Point.LOG1) - l1;
  const d2 = load<f64>(point, Point.LOG2) - l2;
  return load<f64>(point, Point.SQUARE0) + d1 * d1 + d2 * d2;
}

/** Squared distance of the fifth nearest valid leaf of a list; infinite when there are fewer. */
function fifthSquare(
  index: HoldIndex,
  source: usize,
  count: i32,
  l1: f64,
  l2: f64,
): f64 {
  for (let i = 0; i < 5; i++) setF64(nearest, i, Infinity);
  for (let i = 0; i < count; i++) {
    const leaf = leafOf(source, i);
    const square = squareOf(index, leaf, l1, l2);
    if (square >= f64At(nearest, 4)) continue;
    if (!(utilisationOf(index, leaf) > 0.0)) continue;
    let at = 4;
    while (at > 0 && f64At(nearest, at - 1) > square) {
      setF64(nearest, at, f64At(nearest, at - 1));
      at--;
    }
    setF64(nearest, at, square);
  }
  return f64At(nearest, 4);
}
