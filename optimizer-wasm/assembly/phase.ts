/**
 * The decode phase of a static run (`aic-engine.md` §7.2). Only attention depends on the length, so everything else is
 * asked once; and inside its grid attention is, for a fixed batch, a piecewise straight line in the length, so the
 * look-ups of all steps are summed piece by piece: a piece needs the number of its samples and the sums of their
 * lengths and squared lengths, not their values.
 */

import { allocate, f64At, i32At, lowerIndex, setF64, setI32 } from "./arrays";
import { Grid, leafBegin, powerAt, rowBegin } from "./grid";
import { LENGTH_SAMPLES, sampleHigh, sampleLow } from "./operators";
import { Kind, Mode, Op } from "./op";
import {
  addOp,
  opAt,
  passEnergy,
  passFlags,
  passMs,
  Program,
  setPass,
  startPass,
} from "./program";
import {
  clearFlags,
  flags,
  FROM_TABLE,
  OK,
  resultMs,
  resultWatts,
} from "./status";
import { gridTable } from "./walk";

/** Sums over the decode phase, milliseconds and watt-milliseconds. */
export let phaseMs: f64 = 0.0;
export let phaseEnergy: f64 = 0.0;
export let phaseFlags: i32 = 0;

/** Rows that a (heads, batch) point leans on, at most two by two, with their weights and current leaf. */
const MAX_ROWS: i32 = 4;
const rows = allocate(MAX_ROWS * 4);
const weights = allocate(MAX_ROWS * 8);
const leafOf = allocate(MAX_ROWS * 4);
let rowCount: i32 = 0;

/** @param stride decode steps that share one evaluation */
export function decodePhase(
  program: Program,
  batch: f64,
  isl: i32,
  osl: i32,
  stride: i32,
): i32 {
  phaseMs = 0.0;
  phaseEnergy = 0.0;
  phaseFlags = 0;
  startPass();
  const steps = osl - 1;
  if (steps <= 0) return OK;
  let ms = 0.0, energy = 0.0;
  let attentionFlags = 0;
  for (let i = 0; i < program.generationCount; i++) {
    const op = opAt(program.generationOps, i);
    if (dependsOnLength(op)) {
      clearFlags();
      const status = op.kind == Kind.GENERATION_ATTENTION
        ? attentionPhase(op, i, batch, isl, steps, stride)
        : stepByStep(op, i, batch, isl, steps, stride);
      if (status != OK) return status;
      ms += op.lastMs;
      energy += op.lastEnergy;
      attentionFlags |= op.lastFlags;
    } else {
      const status = addOp(op, i, batch, <f64> (isl + 1), 0.0, batch);
      if (status != OK) return status;
      op.lastMs *= <f64> steps;
      op.lastEnergy *= <f64> steps;
    }
  }
  phaseMs = passMs * <f64> steps + ms;
  phaseEnergy = passEnergy * <f64> steps + energy;
  phaseFlags = passFlags | attentionFlags;
  return OK;
}

/** Attention grows with the KV cache; everything else sees the batch alone. */
function dependsOnLength(op: Op): bool {
  return (op.kind == Kind.GENERATION_ATTENTION && op.flops > 0.0) ||
    op.kind == Kind.GENERATION_MLA ||
    op.kind == Kind.GENERATION_MLA_MODULE || op.kind == Kind.FALLBACK;
}

function attentionPhase(
  op: Op,
  index: i32,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const tables = op.mode <= Mode.HYBRID && changetype<usize>(op.grid) != 0;
  if (tables && bindRows(op.grid, op.heads, batch)) {
    sumMs = 0.0;
    sumEnergy = 0.0;
    let answered = true;
    for (let j = 0; j < LENGTH_SAMPLES && answered; j++) {
      answered = sumLengths(op, batch, isl, steps, stride, j);
    }
    if (answered) {
      op.lastMs = sumMs / <f64> LENGTH_SAMPLES * op.scale;
      op.lastEnergy = sumEnergy / <f64> LENGTH_SAMPLES * op.scale;
      op.lastFlags = flags | FROM_TABLE;
      return OK;
    }
  }
  return stepByStep(op, index, batch, isl, steps, stride);
}

/** The plain way: every step asks the operator. For modes without tables, and where a step has to be refused. */
function stepByStep(
  op: Op,
  index: i32,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const beforeMs = passMs;
  const beforeEnergy = passEnergy;
  const beforeFlags = passFlags;
  let ms = 0.0, energy = 0.0;
  let seen = 0;
  for (let i = 0; i < steps; i += stride) {
    const status = addOp(op, index, batch, <f64> (isl + i + 1), 0.0, batch);
    if (status != OK) return status;
    const repeat = <f64> min(stride, steps - i);
    ms += op.lastMs * repeat;
    energy += op.lastEnergy * repeat;
    seen |= op.lastFlags;
  }
  setPass(beforeMs, beforeEnergy, beforeFlags);
  op.lastMs = ms;
  op.lastEnergy = energy;
  op.lastFlags = seen;
  return OK;
}

/** Finds the rows of (heads, batch); false when one of the two lies outside the grid. */
function bindRows(grid: Grid, heads: f64, batch: f64): bool {
  rowCount = 0;
  const low = lowerIndex(grid.keys0, grid.keys0Count, heads);
  if (low < 0) return false;
  const key = f64At(grid.keys0, low);
  if (key == heads) return bindBatch(grid, low, batch, 1.0);
  if (low == grid.keys0Count - 1) return false;
  const w = (heads - key) / (f64At(grid.keys0, low + 1) - key);
  return bindBatch(grid, low, batch, 1.0 - w) &&
    bindBatch(grid, low + 1, batch, w);
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

let sumMs: f64 = 0.0;
let sumEnergy: f64 = 0.0;

/** The piece at hand: lengths up to `pieceEnd`, latency a0 + a1·t and watts p0 + p1·t with t = length − `origin`. */
let pieceEnd: f64 = 0.0;
let origin: f64 = 0.0;
let a0: f64 = 0.0;
let a1: f64 = 0.0;
let p0: f64 = 0.0;
let p1: f64 = 0.0;

/** Opens the piece that starts at `length`; false when a row does not reach it. */
function openPiece(grid: Grid, length: f64): bool {
  origin = length;
  pieceEnd = Infinity;
  a0 = 0.0;
  a1 = 0.0;
  p0 = 0.0;
  p1 = 0.0;
  for (let r = 0; r < rowCount; r++) {
    const row = i32At(rows, r);
    const end = leafBegin(grid, row + 1);
    let leaf = i32At(leafOf, r);
    while (leaf + 1 < end && f64At(grid.keys2, leaf + 1) <= length) leaf++;
    setI32(leafOf, r, leaf);
    const key = f64At(grid.keys2, leaf);
    if (length < key) return false;
    const w = f64At(weights, r);
    const ms = f64At(grid.latency, leaf);
    const watts = powerAt(grid, leaf);
    if (leaf + 1 == end) {
      if (key != length) return false;
      pieceEnd = min(pieceEnd, length);
      a0 += w * ms;
      p0 += w * watts;
      continue;
    }
    const next = f64At(grid.keys2, leaf + 1);
    const slope = (f64At(grid.latency, leaf + 1) - ms) / (next - key);
    const powerSlope = (powerAt(grid, leaf + 1) - watts) / (next - key);
    pieceEnd = min(pieceEnd, next);
    a0 += w * (ms + slope * (length - key));
    a1 += w * slope;
    p0 += w * (watts + powerSlope * (length - key));
    p1 += w * powerSlope;
  }
  return true;
}

/** Adds the `sample`-th of the five lengths of every step; false when a look-up has no answer. */
function sumLengths(
  op: Op,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
  sample: i32,
): bool {
  const grid = op.grid;
  for (let r = 0; r < rowCount; r++) {
    setI32(leafOf, r, leafBegin(grid, i32At(rows, r)));
  }
  let count = 0.0, sum = 0.0, squares = 0.0;
  pieceEnd = -1.0;
  let inside = true;
  for (let i = 0; i < steps; i += stride) {
    const s = <f64> (isl + i + 1);
    const low = sampleLow(s);
    const length = <f64> (low + (sampleHigh(s) - low) * sample / 4);
    const repeat = <f64> min(stride, steps - i);
    if (length > pieceEnd || !inside) {
      closePiece(count, sum, squares);
      count = 0.0;
      sum = 0.0;
      squares = 0.0;
      inside = openPiece(grid, length);
      if (!inside) {
        if (gridTable(op, op.heads, batch, length) != OK) return false;
        sumMs += repeat * resultMs;
        sumEnergy += repeat * resultMs * resultWatts;
        continue;
      }
    }
    const t = length - origin;
    count += repeat;
    sum += repeat * t;
    squares += repeat * t * t;
  }
  closePiece(count, sum, squares);
  return true;
}

function closePiece(count: f64, sum: f64, squares: f64): void {
  if (count == 0.0) return;
  sumMs += a0 * count + a1 * sum;
  sumEnergy += a0 * p0 * count + (a0 * p1 + a1 * p0) * sum + a1 * p1 * squares;
}
