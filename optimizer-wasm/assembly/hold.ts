/**
 * Beyond a grid: the utilisation of the four nearest measured points, applied to the speed of light of the query
 * (`aic-engine.md` §3.2). All leaves compete, but only those near enough to win are visited: rows and leaves are
 * walked outwards from the query and a branch ends as soon as its axis distance alone loses.
 */

import {
  allocate,
  f64At,
  i32At,
  log2Of,
  lowerIndex,
  setF64,
  setI32,
} from "./arrays";
import { attentionSol } from "./attention_sol";
import { ensureLogs, Grid, leafBegin, powerAt, rowBegin } from "./grid";
import { answer, BEYOND_TABLES, mark, NOT_MEASURED } from "./status";
import { Op } from "./op";

/** Four neighbours, and a fifth whose distance is the radius R. */
const RANKS: i32 = 5;
const squares = allocate(RANKS * 8);
const leaves = allocate(RANKS * 4);
const utilisations = allocate(RANKS * 8);
let found: i32 = 0;

const bases = allocate(RANKS * 8);
/** Squared distance beyond which no point can be among the five any more. */
let limit: f64 = Infinity;
/** Where the last row was entered: the rows of a grid mostly share their keys. */
let hint: i32 = 0;

/** Ranks a leaf by (distance, leaf order): leaves are in ascending key order, so a tie goes to the smaller key. */
function offer(leaf: i32, square: f64, base: f64, utilisation: f64): void {
  let at = found < RANKS ? found : RANKS - 1;
  if (found < RANKS) found++;
  while (at > 0) {
    const before = f64At(squares, at - 1);
    if (before < square) break;
    if (before == square && i32At(leaves, at - 1) < leaf) break;
    setF64(squares, at, before);
    setI32(leaves, at, i32At(leaves, at - 1));
    setF64(utilisations, at, f64At(utilisations, at - 1));
    setF64(bases, at, f64At(bases, at - 1));
    at--;
  }
  setF64(squares, at, square);
  setF64(bases, at, base);
  setI32(leaves, at, leaf);
  setF64(utilisations, at, utilisation);
  if (found == RANKS) limit = f64At(squares, RANKS - 1);
}

function consider(op: Op, leaf: i32, square: f64, base: f64): void {
  if (found == RANKS) {
    const worst = f64At(squares, RANKS - 1);
    if (square > worst) return;
    if (square == worst && leaf > i32At(leaves, RANKS - 1)) return;
  }
  const utilisation = f64At(op.utilisations, leaf);
  if (utilisation > 0.0) offer(leaf, square, base, utilisation);
}

/** Utilisation of every leaf, 0 where it says nothing: latency or speed of light not positive (§3.2). */
export function bindHold(op: Op): void {
  const grid = op.grid;
  ensureLogs(grid);
  op.logHeads = log2Of(op.heads);
  op.utilisations = allocate(max(<usize> grid.leafCount, 1) << 3);
  for (let i = 0; i < grid.keys0Count; i++) {
    const c0 = f64At(grid.keys0, i);
    for (let row = rowBegin(grid, i); row < rowBegin(grid, i + 1); row++) {
      const c1 = f64At(grid.keys1, row);
      const end = leafBegin(grid, row + 1);
      for (let leaf = leafBegin(grid, row); leaf < end; leaf++) {
        const ms = f64At(grid.latency, leaf);
        const sol = attentionSol(op, c0, c1, f64At(grid.keys2, leaf));
        const usable = ms > 0.0 && sol > 0.0;
        setF64(op.utilisations, leaf, usable ? sol / ms : 0.0);
      }
    }
  }
}

function visitRow(op: Op, grid: Grid, row: i32, base: f64, l2: f64): void {
  const first = leafBegin(grid, row);
  const end = leafBegin(grid, row + 1);
  const keys = grid.log2;
  let middle = min(first + hint, end - 1);
  while (middle >= first && f64At(keys, middle) > l2) middle--;
  while (middle + 1 < end && f64At(keys, middle + 1) <= l2) middle++;
  hint = max(middle - first, 0);
  for (let leaf = middle; leaf >= first; leaf--) {
    const d = f64At(grid.log2, leaf) - l2;
    const square = base + d * d;
    if (square > limit) break;
    consider(op, leaf, square, base);
  }
  for (let leaf = middle + 1; leaf < end; leaf++) {
    const d = f64At(grid.log2, leaf) - l2;
    const square = base + d * d;
    if (square > limit) break;
    consider(op, leaf, square, base);
  }
}

function visitKey0(
  op: Op,
  grid: Grid,
  key0: i32,
  base: f64,
  l1: f64,
  l2: f64,
): void {
  const first = rowBegin(grid, key0);
  const end = rowBegin(grid, key0 + 1);
  const middle = first +
    lowerIndex(grid.log1 + ((<usize> first) << 3), end - first, l1);
  let down = middle;
  let up = middle + 1;
  // Alternating outwards keeps the limit tight early.
  while (down >= first || up < end) {
    if (down >= first) {
      const d = f64At(grid.log1, down) - l1;
      const square = base + d * d;
      if (square > limit) down = first - 1;
      else visitRow(op, grid, down--, square, l2);
    }
    if (up < end) {
      const d = f64At(grid.log1, up) - l1;
      const square = base + d * d;
      if (square > limit) up = end;
      else visitRow(op, grid, up++, square, l2);
    }
  }
}

/** Coordinates asked last: the five lengths of a step share heads and batch. */
let askedC0: f64 = -1.0;
let askedC1: f64 = -1.0;
let askedLog1: f64 = 0.0;

/** Forgets what the look-ups of another question or operator shared: call before the first hold of a step. */
export function startHold(): void {
  askedC1 = -1.0;
}

/** A bound from the five points found for another length of the same step: they lie this far from the new one. */
function boundFromLast(grid: Grid, l2: f64): f64 {
  if (found < RANKS) return Infinity;
  let bound = 0.0;
  for (let i = 0; i < RANKS; i++) {
    const d = f64At(grid.log2, i32At(leaves, i)) - l2;
    bound = max(bound, f64At(bases, i) + d * d);
  }
  return bound;
}

/** Fills the five nearest valid leaves of (c0, c1, c2). */
function search(op: Op, c0: f64, c1: f64, c2: f64): void {
  const grid = op.grid;
  const l2 = log2Of(c2);
  if (c1 == askedC1 && c0 == askedC0) {
    limit = boundFromLast(grid, l2);
  } else {
    askedC0 = c0;
    askedC1 = c1;
    askedLog1 = log2Of(c1);
    limit = Infinity;
  }
  found = 0;
  const l0 = c0 == op.heads ? op.logHeads : log2Of(c0);
  const l1 = askedLog1;
  const count = grid.keys0Count;
  const middle = lowerIndex(grid.log0, count, l0);
  let down = middle;
  let up = middle + 1;
  while (down >= 0 || up < count) {
    const below = down >= 0 ? l0 - f64At(grid.log0, down) : Infinity;
    const above = up < count ? f64At(grid.log0, up) - l0 : Infinity;
    const d = min(below, above);
    if (d * d > limit) return;
    if (below <= above) visitKey0(op, grid, down--, d * d, l1, l2);
    else visitKey0(op, grid, up++, d * d, l1, l2);
  }
}

export function hold(op: Op, c0: f64, c1: f64, c2: f64): i32 {
  search(op, c0, c1, c2);
  if (found == 0) return NOT_MEASURED;
  mark(BEYOND_TABLES);
  const neighbours = min(found, RANKS - 1);
  const radius = found == RANKS
    ? Math.sqrt(f64At(squares, RANKS - 1))
    : Infinity;
  let weights = 0.0, utilisation = 0.0, watts = 0.0;
  for (let i = 0; i < neighbours; i++) {
    const weight = weightOf(Math.sqrt(f64At(squares, i)), radius);
    weights += weight;
    utilisation += weight * f64At(utilisations, i);
    watts += weight * powerAt(op.grid, i32At(leaves, i));
  }
  if (!(weights > 0.0)) {
    weights = <f64> neighbours;
    utilisation = 0.0;
    watts = 0.0;
    for (let i = 0; i < neighbours; i++) {
      utilisation += f64At(utilisations, i);
      watts += powerAt(op.grid, i32At(leaves, i));
    }
  }
  return answer(
    attentionSol(op, c0, c1, c2) / (utilisation / weights),
    watts / weights,
  );
}

function weightOf(distance: f64, radius: f64): f64 {
  if (radius == Infinity) return 1.0 / (distance * distance + 1e-12);
  const share = max(radius - distance, 0.0) / (radius * distance + 1e-12);
  return share * share;
}
