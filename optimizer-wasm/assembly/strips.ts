/**
 * A grid of three axes for one key of the first: for each row, and for each two rows next to each other, a strip of
 * pieces along the last axis in which both rows are straight lines (`aic-engine.md` §3.1). A piece is one line of the
 * processor's cache. Made when the operator is bound.
 */

import { allocate, f64At, setF64 } from "./arrays";
import { Grid, leafBegin, rowBegin } from "./grid";
import { placeOn, Ruler, rulerOf } from "./ruler";

/** One row, or two neighbours. */
@unmanaged
export class Strip {
  /** Where pieces begin. */
  starts: Ruler;
  pieces: usize;
  /** The same with watts in the place of milliseconds; 0 without power. */
  powers: usize;
  /** What both rows span. */
  low: f64;
  high: f64;
  /** What one of them spans. */
  least: f64;
  most: f64;
}

/** The strips of one key of the first axis: row i alone at 2i, rows i and i + 1 at 2i + 1. */
@unmanaged
export class Strips {
  rows: Ruler;
  strips: usize;
}

/** Of each of the two rows, side by side: the leaf's key, the next leaf's, and what was measured at both. */
export namespace Piece {
  export const BYTES: usize = 64;
  /** Offset of the second row. */
  export const SECOND: usize = 8;
  export const KEY: usize = 0;
  export const NEXT_KEY: usize = 16;
  export const VALUE: usize = 32;
  export const NEXT_VALUE: usize = 48;
}

const STRIP_BYTES: usize = 48;

export function stripsOf(grid: Grid, key0: i32): Strips {
  const all = changetype<Strips>(allocate(offsetof<Strips>()));
  const first = rowBegin(grid, key0);
  const count = rowBegin(grid, key0 + 1) - first;
  all.rows = rulerOf(grid.keys1 + ((<usize> first) << 3), count);
  all.strips = allocate((<usize> count) * 2 * STRIP_BYTES);
  let ruler = changetype<Ruler>(0);
  for (let i = 0; i < 2 * count - 1; i++) {
    const row = first + (i >> 1);
    const strip = stripAt(all, i);
    strip.starts = ruler;
    fill(grid, strip, row, row + (i & 1));
    ruler = strip.starts;
  }
  return all;
}

function stripAt(all: Strips, index: i32): Strip {
  return changetype<Strip>(all.strips + (<usize> index) * STRIP_BYTES);
}

function firstKey(grid: Grid, row: i32): f64 {
  return f64At(grid.keys2, leafBegin(grid, row));
}

function lastKey(grid: Grid, row: i32): f64 {
  return f64At(grid.keys2, leafBegin(grid, row + 1) - 1);
}

/** @param strip its `starts` is the ruler of the strip before, or null */
function fill(grid: Grid, strip: Strip, one: i32, two: i32): void {
  const end1 = leafBegin(grid, one + 1);
  const end2 = leafBegin(grid, two + 1);
  let leaf1 = leafBegin(grid, one);
  let leaf2 = leafBegin(grid, two);
  const room = <usize> (end1 - leaf1 + end2 - leaf2);
  const starts = allocate(room << 3);
  strip.low = Infinity;
  strip.high = -Infinity;
  strip.least = Infinity;
  strip.most = -Infinity;
  if (leaf1 == end1 || leaf2 == end2) {
    strip.starts = rulerOf(starts, 0);
    return;
  }
  strip.low = max(firstKey(grid, one), firstKey(grid, two));
  strip.high = min(lastKey(grid, one), lastKey(grid, two));
  strip.least = min(firstKey(grid, one), firstKey(grid, two));
  strip.most = max(lastKey(grid, one), lastKey(grid, two));
  strip.pieces = allocate(room * Piece.BYTES);
  if (grid.power != 0) strip.powers = allocate(room * Piece.BYTES);
  let count = 0;
  let start = strip.low;
  while (start <= strip.high) {
    while (leaf1 + 1 < end1 && f64At(grid.keys2, leaf1 + 1) <= start) leaf1++;
    while (leaf2 + 1 < end2 && f64At(grid.keys2, leaf2 + 1) <= start) leaf2++;
    setF64(starts, count, start);
    const at = (<usize> count) * Piece.BYTES;
    const next = min(
      fillRow(grid, grid.latency, strip.pieces + at, leaf1, end1),
      fillRow(grid, grid.latency, strip.pieces + at + Piece.SECOND, leaf2, end2),
    );
    if (grid.power != 0) {
      fillRow(grid, grid.power, strip.powers + at, leaf1, end1);
      fillRow(grid, grid.power, strip.powers + at + Piece.SECOND, leaf2, end2);
    }
    count++;
    start = next;
  }
  // Neighbouring strips mostly begin their pieces at the same places.
  const same = changetype<usize>(strip.starts) != 0 &&
    strip.starts.count == count &&
    memory.compare(strip.starts.keys, starts, (<usize> count) << 3) == 0;
  if (!same) strip.starts = rulerOf(starts, count);
}

/** Writes one row's half of a piece; behind the last leaf the line is level and has no end. @returns where it ends */
function fillRow(
  grid: Grid,
  values: usize,
  at: usize,
  leaf: i32,
  end: i32,
): f64 {
  const isLast = leaf + 1 == end;
  const next = isLast ? Infinity : f64At(grid.keys2, leaf + 1);
  store<f64>(at, f64At(grid.keys2, leaf), Piece.KEY);
  store<f64>(at, next, Piece.NEXT_KEY);
  store<f64>(at, f64At(values, leaf), Piece.VALUE);
  store<f64>(at, f64At(values, isLast ? leaf : leaf + 1), Piece.NEXT_VALUE);
  return next;
}

/** Weight of the second row of the strip found last. */
export let secondWeight: f64 = 0.0;

/** The strip at a place on the second axis; null beyond the axis. */
export function findStrip(all: Strips, c1: f64): Strip {
  const rows = all.rows;
  const row = placeOn(rows, c1);
  if (row < 0) return changetype<Strip>(0);
  const key = f64At(rows.keys, row);
  secondWeight = 0.0;
  if (key == c1) return stripAt(all, 2 * row);
  if (row == rows.count - 1) return changetype<Strip>(0);
  secondWeight = (c1 - key) / (f64At(rows.keys, row + 1) - key);
  return stripAt(all, 2 * row + 1);
}

/** Whether both rows of a strip span a place on the last axis. */
export function spans(strip: Strip, c2: f64): bool {
  return strip.low <= c2 && c2 <= strip.high;
}

/** Whether one row does. */
export function touches(strip: Strip, c2: f64): bool {
  return strip.least <= c2 && c2 <= strip.most;
}

/** Number of the piece that a spanned place lies in. */
export function pieceAt(strip: Strip, c2: f64): i32 {
  return placeOn(strip.starts, c2);
}
