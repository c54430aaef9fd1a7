/**
 * Generation attention over KV lengths (`aic-engine.md` §5.4): each step averages five lengths around its own. For a
 * fixed batch the grid is a piecewise straight line in the length, so look-ups are summed piece by piece: a piece needs
 * the number of its lengths and the sums of the lengths and of their squares, not their values.
 */

import { f64At } from "./arrays";
import { hold } from "./hold";
import { Op } from "./op";
import { OK, resultMs, resultWatts } from "./status";
import {
  findStrip,
  Piece,
  pieceAt,
  secondWeight,
  spans,
  Strip,
  touches,
} from "./strips";
import {
  beginSample,
  beginSteps,
  clearTaken,
  highestLength,
  ITSELF,
  lastCount,
  lastSum,
  LENGTH_SAMPLES,
  lowestLength,
  sampledLength,
  takeUpTo,
  wholeCount,
  wholeSum,
} from "./steps";
import { walk } from "./walk";

/** Sum or mean of the last call: milliseconds, watt-milliseconds. */
export let lengthsMs: f64 = 0.0;
export let lengthsEnergy: f64 = 0.0;

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

/** The strip that a (heads, batch) point leans on, with the weights of its rows; null where the grid has none. */
let strip: Strip = changetype<Strip>(0);
let weight0: f64 = 0.0;
let weight1: f64 = 0.0;
/** The same of the next more heads, where the grid does not have these; else null. */
let above: Strip = changetype<Strip>(0);
let above0: f64 = 0.0;
let above1: f64 = 0.0;

/** Finds the strips of the operator's heads at a batch; false when the grid does not bracket the point. */
function lean(op: Op, batch: f64): bool {
  const index = op.hold;
  strip = changetype<Strip>(0);
  above = changetype<Strip>(0);
  if (changetype<usize>(index.strips) == 0) return false;
  strip = findStrip(index.strips, batch);
  if (changetype<usize>(index.stripsAbove) == 0) {
    weight0 = 1.0 - secondWeight;
    weight1 = secondWeight;
    return changetype<usize>(strip) != 0;
  }
  const share = index.headShare;
  weight0 = (1.0 - share) * (1.0 - secondWeight);
  weight1 = (1.0 - share) * secondWeight;
  above = findStrip(index.stripsAbove, batch);
  above0 = share * (1.0 - secondWeight);
  above1 = share * secondWeight;
  return changetype<usize>(strip) != 0 && changetype<usize>(above) != 0;
}

/** Whether a row of the strips reaches a length: the walk may answer by it alone. */
function reaches(length: f64): bool {
  return (changetype<usize>(strip) != 0 && touches(strip, length)) ||
    (changetype<usize>(above) != 0 && touches(above, length));
}

/** The piece at hand: lengths up to `pieceEnd`, latency a0 + a1·t and watts p0 + p1·t with t = length − `origin`. */
let pieceEnd: f64 = 0.0;
let origin: f64 = 0.0;
let a0: f64 = 0.0;
let a1: f64 = 0.0;
let p0: f64 = 0.0;
let p1: f64 = 0.0;

/** Opens the piece that starts at `length`; false when a row does not reach it. */
function openPiece(length: f64): bool {
  pieceEnd = Infinity;
  a0 = 0.0;
  a1 = 0.0;
  p0 = 0.0;
  p1 = 0.0;
  origin = length;
  return addStrip(strip, weight0, weight1) &&
    (changetype<usize>(above) == 0 || addStrip(above, above0, above1));
}

function addStrip(one: Strip, w0: f64, w1: f64): bool {
  if (!spans(one, origin)) return false;
  const at = <usize> pieceAt(one, origin) * Piece.BYTES;
  pieceEnd = min(pieceEnd, min(one.high, endOf(one.pieces + at)));
  const weights = f64x2.replace_lane(f64x2.splat(w0), 1, w1);
  addLine(one.pieces + at, weights);
  a0 += height;
  a1 += slope;
  if (one.powers == 0) return true;
  addLine(one.powers + at, weights);
  p0 += height;
  p1 += slope;
  return true;
}

/** The weighted line of a piece: its value at `origin`, and what a token adds. */
let height: f64 = 0.0;
let slope: f64 = 0.0;

function addLine(piece: usize, weights: v128): void {
  const key = v128.load(piece, Piece.KEY);
  const value = v128.load(piece, Piece.VALUE);
  const slopes = f64x2.div(
    f64x2.sub(v128.load(piece, Piece.NEXT_VALUE), value),
    f64x2.sub(v128.load(piece, Piece.NEXT_KEY), key),
  );
  const heights = f64x2.mul(
    weights,
    f64x2.add(value, f64x2.mul(slopes, f64x2.sub(f64x2.splat(origin), key))),
  );
  const steps = f64x2.mul(weights, slopes);
  height = f64x2.extract_lane(heights, 0) + f64x2.extract_lane(heights, 1);
  slope = f64x2.extract_lane(steps, 0) + f64x2.extract_lane(steps, 1);
}

/** The last length of a piece. */
function endOf(piece: usize): f64 {
  return min(
    load<f64>(piece, Piece.NEXT_KEY),
    load<f64>(piece, Piece.NEXT_KEY + Piece.SECOND),
  );
}

/** A length that the strips do not bracket: a lone survivor or the hold. */
function outside(op: Op, batch: f64, length: f64): i32 {
  if (reaches(length) && walk(op, op.heads, batch, length) == OK) return OK;
  return hold(op, op.heads, batch, length);
}

/** The usual case: heads that the grid has, and no watts. */
function isLone(): bool {
  return changetype<usize>(above) == 0 && strip.powers == 0;
}

function spansAll(low: f64, high: f64): bool {
  return strip.low <= low && high <= strip.high;
}

/** Sum over the five lengths from `low` to `low + spread`, all on a lone strip; ms. */
function fiveInside(low: i32, spread: i32): f64 {
  let ms = 0.0;
  let length = <f64> low;
  let i = 0;
  while (true) {
    openPiece(length);
    const start = length;
    const end = pieceEnd;
    const atStart = a0;
    const perToken = a1;
    do {
      ms += atStart + perToken * (length - start);
      i++;
      if (i == LENGTH_SAMPLES) return ms;
      length = <f64> (low + (spread * i >> 2));
    } while (length <= end);
  }
}

/** Mean over the five lengths of one step. */
export function fiveLengths(op: Op, batch: f64, s: i32): i32 {
  const leans = lean(op, batch);
  const low = lowLength(s);
  const spread = highLength(s) - low;
  if (leans && isLone() && spansAll(<f64> low, <f64> (low + spread))) {
    lengthsMs = fiveInside(low, spread) / <f64> LENGTH_SAMPLES;
    lengthsEnergy = 0.0;
    return OK;
  }
  let ms = 0.0, energy = 0.0;
  pieceEnd = -1.0;
  let inside = leans;
  for (let i = 0; i < LENGTH_SAMPLES; i++) {
    const length = <f64> (low + (spread * i >> 2));
    if (leans && length > pieceEnd) inside = openPiece(length);
    if (inside) {
      const t = length - origin;
      const each = a0 + a1 * t;
      ms += each;
      energy += each * (p0 + p1 * t);
    } else {
      const status = outside(op, batch, length);
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
  const leans = lean(op, batch);
  lengthsMs = 0.0;
  lengthsEnergy = 0.0;
  beginSteps(isl + 1, steps, stride);
  const low = lowestLength(0);
  if (
    leans && isLone() &&
    spansAll(<f64> low, <f64> highestLength(LENGTH_SAMPLES - 1))
  ) {
    piecesOfAllSteps(low, steps, stride, 0, LENGTH_SAMPLES);
  } else {
    for (let sample = 0; sample < LENGTH_SAMPLES; sample++) {
      const status = eachOfAllSteps(op, batch, isl, steps, stride, sample, leans);
      if (status != OK) return status;
    }
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
  const leans = lean(op, batch);
  lengthsMs = 0.0;
  lengthsEnergy = 0.0;
  beginSteps(isl + 1, steps, stride);
  const low = lowestLength(ITSELF);
  if (!leans || !isLone() || !spansAll(<f64> low, <f64> highestLength(ITSELF))) {
    return eachOfAllSteps(op, batch, isl, steps, stride, ITSELF, leans);
  }
  piecesOfAllSteps(low, steps, stride, ITSELF, ITSELF + 1);
  return OK;
}

/** Sum over the samples from `first` up to `end` of all steps, all on a lone strip, from the lowest length `low` on. */
function piecesOfAllSteps(
  low: i32,
  steps: i32,
  stride: i32,
  first: i32,
  end: i32,
): void {
  for (let sample = first; sample < end; sample++) beginSample(sample);
  const weight = <f64> stride;
  const lastWeight = <f64> (steps % stride);
  const starts = strip.starts.keys;
  for (let piece = pieceAt(strip, <f64> low);; piece++) {
    openPiece(f64At(starts, piece));
    clearTaken();
    let isDone = true;
    for (let sample = first; sample < end; sample++) {
      if (!takeUpTo(<i32> pieceEnd, sample)) isDone = false;
    }
    lengthsMs += weight * sumOfLine(<f64> wholeCount, <f64> wholeSum) +
      lastWeight * sumOfLine(<f64> lastCount, <f64> lastSum);
    if (isDone) return;
  }
}

/** Sum of the piece's line over lengths of which the number and the sum are known. */
function sumOfLine(count: f64, sum: f64): f64 {
  return a0 * count + a1 * (sum - count * origin);
}

/**
 * Lengths of a piece are summed as integers: their number, sum and sum of squares give the sum of the line over them.
 */
function eachOfAllSteps(
  op: Op,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
  sample: i32,
  leans: bool,
): i32 {
  const hasPower = op.grid.power != 0;
  const whole = steps / stride;
  const total = steps % stride == 0 ? whole : whole + 1;
  let count = 0;
  let sum: i64 = 0, squares: i64 = 0;
  // No length is in a piece before the first is opened.
  let last = -1;
  let s = isl + 1;
  for (let i = 0; i < total; i++, s += stride) {
    const length = sampledLength(s, sample);
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
      if (!leans || !openPiece(<f64> length)) {
        const status = outside(op, batch, <f64> length);
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
