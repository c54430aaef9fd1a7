/**
 * Generation attention over KV lengths (`aic-engine.md` §5.4): each step averages five lengths around its own. For a
 * fixed batch the grid is a piecewise straight line in the length, so look-ups are summed piece by piece: a piece needs
 * the number of its lengths and the sums of the lengths and of their squares, not their values.
 */

import {
  allocate,
  f64At,
  i32At,
  lowerIndex,
  setF64,
  setI32,
} from "./arrays";
import { Grid, leafBegin, powerAt, rowBegin } from "./grid";
import { hold } from "./hold";
import { Op } from "./op";
import { OK, resultMs, resultWatts } from "./status";
import { walk } from "./walk";

/** Lengths that a step averages. */
export const LENGTH_SAMPLES: i32 = 5;
/** In place of a sample: the length of the step itself. */
const ITSELF: i32 = -1;

/** Sum or mean of the last call: milliseconds, watt-milliseconds. */
export let lengthsMs: f64 = 0.0;
export let lengthsEnergy: f64 = 0.0;

/** Rows that a (heads, batch) point leans on, at most two by two, with their weights and current leaf. */
const MAX_ROWS: i32 = 4;
const rows = allocate(MAX_ROWS * 4);
const weights = allocate(MAX_ROWS * 8);
const leafOf = allocate(MAX_ROWS * 4);
let rowCount: i32 = 0;

/**
 * The lowest and the highest of the five lengths: ⌊0.9·s⌋ and ⌊1.1·s⌋ of the double products. Both factors are a hair
 * above the decimal ones, so the integer quotients are the same.
 */
function lowLength(s: i32): i32 {
  return max(9 * s / 10, 1);
}

function highLength(s: i32): i32 {
  return max(11 * s / 10, lowLength(s));
}

/** Whether the grid may still answer where `bindRows` found no full set of rows: one side of the heads has the batch. */
let hasSurvivor: bool = false;

/** Finds the rows of (heads, batch); false when one of the two lies outside the grid. */
function bindRows(grid: Grid, heads: f64, batch: f64): bool {
  rowCount = 0;
  hasSurvivor = false;
  const low = lowerIndex(grid.keys0, grid.keys0Count, heads);
  if (low < 0) return false;
  const key = f64At(grid.keys0, low);
  if (key == heads) return bindBatch(grid, low, batch, 1.0);
  if (low == grid.keys0Count - 1) return false;
  const w = (heads - key) / (f64At(grid.keys0, low + 1) - key);
  const below = bindBatch(grid, low, batch, 1.0 - w);
  const above = bindBatch(grid, low + 1, batch, w);
  hasSurvivor = below || above;
  return below && above;
}

function bindBatch(grid: Grid, key0: i32, batch: f64, weight: f64): bool {
  const first = rowBegin(grid, key0);
  const count = rowBegin(grid, key0 + 1) - first;
  const keys = grid.keys1 + ((<usize> first) << 3);
  const low = lowerIndex(keys, count, batch);
  if (low < 0) return false;
  const key = f64At(keys, low);
  if (key == batch) return bindRow(first + low, weight);
  if (low == count - 1) return false;
  const w = (batch - key) / (f64At(keys, low + 1) - key);
  return bindRow(first + low, weight * (1.0 - w)) &&
    bindRow(first + low + 1, weight * w);
}

function bindRow(row: i32, weight: f64): bool {
  setI32(rows, rowCount, row);
  setF64(weights, rowCount, weight);
  rowCount++;
  return true;
}

/** Puts every row at the last leaf not above `length`. */
function seek(grid: Grid, length: f64): void {
  for (let r = 0; r < rowCount; r++) {
    const row = i32At(rows, r);
    const first = leafBegin(grid, row);
    const keys = grid.keys2 + ((<usize> first) << 3);
    const index = lowerIndex(keys, leafBegin(grid, row + 1) - first, length);
    setI32(leafOf, r, first + max(index, 0));
  }
}

/** The piece at hand: lengths up to `pieceEnd`, latency a0 + a1·t and watts p0 + p1·t with t = length − `origin`. */
let pieceEnd: f64 = 0.0;
let origin: f64 = 0.0;
let a0: f64 = 0.0;
let a1: f64 = 0.0;
let p0: f64 = 0.0;
let p1: f64 = 0.0;

/** Opens the piece that starts at `length`, not below the one before; false when a row does not reach it. */
function openPiece(grid: Grid, length: f64): bool {
  origin = length;
  pieceEnd = Infinity;
  a0 = 0.0;
  a1 = 0.0;
  p0 = 0.0;
  p1 = 0.0;
  const hasPower = grid.power != 0;
  for (let r = 0; r < rowCount; r++) {
    const end = leafBegin(grid, i32At(rows, r) + 1);
    let leaf = i32At(leafOf, r);
    while (leaf + 1 < end && f64At(grid.keys2, leaf + 1) <= length) leaf++;
    setI32(leafOf, r, leaf);
    const key = f64At(grid.keys2, leaf);
    if (length < key) return false;
    const w = f64At(weights, r);
    const ms = f64At(grid.latency, leaf);
    if (leaf + 1 == end) {
      if (key != length) return false;
      pieceEnd = min(pieceEnd, length);
      a0 += w * ms;
      p0 += w * powerAt(grid, leaf);
      continue;
    }
    const next = f64At(grid.keys2, leaf + 1);
    const slope = f64At(grid.slopes, leaf);
    pieceEnd = min(pieceEnd, next);
    a0 += w * (ms + slope * (length - key));
    a1 += w * slope;
    if (!hasPower) continue;
    const watts = f64At(grid.power, leaf);
    const powerSlope = f64At(grid.powerSlopes, leaf);
    p0 += w * (watts + powerSlope * (length - key));
    p1 += w * powerSlope;
  }
  return true;
}

/** A length that the bound rows do not bracket: a lone survivor or the hold. */
function outside(op: Op, batch: f64, length: f64, reachable: bool): i32 {
  if (
    (reachable || hasSurvivor) && walk(op, op.heads, batch, length) == OK
  ) return OK;
  return hold(op, op.heads, batch, length);
}

/** Mean over the five lengths of one step. */
export function fiveLengths(op: Op, batch: f64, s: i32): i32 {
  const grid = op.grid;
  const reachable = bindRows(grid, op.heads, batch);
  const low = lowLength(s);
  const spread = highLength(s) - low;
  if (reachable) seek(grid, <f64> low);
  let ms = 0.0, energy = 0.0;
  pieceEnd = -1.0;
  let inside = reachable;
  for (let i = 0; i < LENGTH_SAMPLES; i++) {
    const length = <f64> (low + spread * i / 4);
    if (reachable && length > pieceEnd) inside = openPiece(grid, length);
    if (inside) {
      const t = length - origin;
      const each = a0 + a1 * t;
      ms += each;
      energy += each * (p0 + p1 * t);
    } else {
      const status = outside(op, batch, length, reachable);
      if (status != OK) return status;
      ms += resultMs;
      energy += resultMs * resultWatts;
      pieceEnd = -1.0;
    }
  }
  lengthsMs = ms / <f64> LENGTH_SAMPLES;
  lengthsEnergy = energy / <f64> LENGTH_SAMPLES;
  return OK;
}

/**
 * Sum over all decode steps of a static run (§7.2): step i has the KV length `isl + i + 1` and counts for the `stride`
 * steps that it stands for.
 */
export function allSteps(
  op: Op,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const reachable = bindRows(op.grid, op.heads, batch);
  lengthsMs = 0.0;
  lengthsEnergy = 0.0;
  for (let sample = 0; sample < LENGTH_SAMPLES; sample++) {
    const status = sampleOfAllSteps(
      op,
      batch,
      isl,
      steps,
      stride,
      sample,
      reachable,
    );
    if (status != OK) return status;
  }
  lengthsMs /= <f64> LENGTH_SAMPLES;
  lengthsEnergy /= <f64> LENGTH_SAMPLES;
  return OK;
}

/** The same for a kernel that is asked at the length of each step alone: latent attention (§5.11). */
export function allSingleSteps(
  op: Op,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const reachable = bindRows(op.grid, op.heads, batch);
  lengthsMs = 0.0;
  lengthsEnergy = 0.0;
  return sampleOfAllSteps(op, batch, isl, steps, stride, ITSELF, reachable);
}

/**
 * Lengths of a piece are summed as integers: their number, sum and sum of squares give the sum of the line over them.
 */
function sampleOfAllSteps(
  op: Op,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
  sample: i32,
  reachable: bool,
): i32 {
  const grid = op.grid;
  const hasPower = grid.power != 0;
  const whole = steps / stride;
  const total = steps % stride == 0 ? whole : whole + 1;
  let count = 0;
  let sum: i64 = 0, squares: i64 = 0;
  // No length is in a piece before the first is opened.
  let last = -1;
  let s = isl + 1;
  for (let i = 0; i < total; i++, s += stride) {
    let length = s;
    if (sample != ITSELF) {
      const low = 9 * s / 10;
      length = low + ((11 * s / 10 - low) * sample >> 2);
    }
    if (i == whole) {
      // The rest of the steps counts for less than a stride: it has a piece of its own.
      closePiece(count, sum, squares, <f64> stride);
      count = 0;
      last = -1;
    }
    if (length > last) {
      closePiece(count, sum, squares, <f64> stride);
      count = 0;
      sum = 0;
      squares = 0;
      if (i == 0 && reachable) seek(grid, <f64> length);
      if (!reachable || !openPiece(grid, <f64> length)) {
        const status = outside(op, batch, <f64> length, reachable);
        if (status != OK) return status;
        const repeat = <f64> (i == whole ? steps % stride : stride);
        lengthsMs += repeat * resultMs;
        lengthsEnergy += repeat * resultMs * resultWatts;
        last = -1;
        continue;
      }
      last = <i32> pieceEnd;
    }
    count++;
    sum += length;
    if (hasPower) squares += <i64> length * length;
  }
  const weight = whole == total ? stride : steps % stride;
  closePiece(count, sum, squares, <f64> weight);
  return OK;
}

/** Adds the line over `count` lengths, each counted `weight` times. */
function closePiece(count: i32, sum: i64, squares: i64, weight: f64): void {
  if (count == 0) return;
  const times = <f64> count;
  const lengths = <f64> sum;
  const offsets = lengths - times * origin;
  lengthsMs += weight * (a0 * times + a1 * offsets);
  if (p0 == 0.0 && p1 == 0.0) return;
  const offsetSquares = <f64> squares - 2.0 * origin * lengths +
    times * origin * origin;
  lengthsEnergy += weight *
    (a0 * p0 * times + (a0 * p1 + a1 * p0) * offsets +
      a1 * p1 * offsetSquares);
}
