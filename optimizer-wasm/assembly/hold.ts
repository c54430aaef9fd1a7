/**
 * Beyond a grid: the utilisation of the four nearest measured points, applied to the speed of light of the query
 * (`aic-engine.md` §3.2). All leaves compete; `hold_index.ts` says which of them can win near the query.
 */

import { allocate, f64At, i32At, log2Of, setF64, setI32 } from "./arrays";
import { attentionSol } from "./attention_sol";
import { powerAt } from "./grid";
import {
  cellAt,
  HoldIndex,
  holdIndexOf,
  squareOf,
  utilisationOf,
} from "./hold_index";
import { answer, BEYOND_TABLES, mark, NOT_MEASURED } from "./status";
import { Op } from "./op";

/** Four neighbours, and a fifth whose distance is the radius R. */
const RANKS: i32 = 5;
const squares = allocate(RANKS * 8);
const leaves = allocate(RANKS * 4);
/** Weights of the neighbours. */
const shares = allocate((RANKS - 1) * 8);
let found: i32 = 0;

/** Makes the index of an operator's grid; done once, when compiled. */
export function bindHold(op: Op): void {
  op.hold = holdIndexOf(op);
}

/** Ranks a leaf by (distance, leaf order): leaves are in ascending key order, so a tie goes to the smaller key. */
function offer(leaf: i32, square: f64): void {
  let at = found;
  if (found < RANKS) found++;
  else {
    at = RANKS - 1;
    if (!isBefore(leaf, square, at)) return;
  }
  while (at > 0 && isBefore(leaf, square, at - 1)) {
    setF64(squares, at, f64At(squares, at - 1));
    setI32(leaves, at, i32At(leaves, at - 1));
    at--;
  }
  setF64(squares, at, square);
  setI32(leaves, at, leaf);
}

function isBefore(leaf: i32, square: f64, rank: i32): bool {
  const other = f64At(squares, rank);
  return square < other || (square == other && leaf < i32At(leaves, rank));
}

/** Fills the five nearest valid leaves. */
function search(index: HoldIndex, l1: f64, l2: f64): void {
  found = 0;
  const cell = cellAt(index, l1, l2);
  if (cell != 0) {
    let at = cell + 2;
    const end = at + ((<usize> load<u16>(cell)) << 1);
    for (; at < end; at += 2) {
      const leaf = <i32> load<u16>(at);
      offer(leaf, squareOf(index, leaf, l1, l2));
    }
    return;
  }
  const count = index.grid.leafCount;
  for (let leaf = 0; leaf < count; leaf++) {
    if (!(utilisationOf(index, leaf) > 0.0)) continue;
    offer(leaf, squareOf(index, leaf, l1, l2));
  }
}

/** Logarithm of the second coordinate asked last: the five lengths of a step share their batch. */
let askedC1: f64 = -1.0;
let askedLog1: f64 = 0.0;

/** @param op an operator whose heads are `c0`, or a quantisation step, where the first axis is a single 0 */
export function hold(op: Op, c0: f64, c1: f64, c2: f64): i32 {
  const index = op.hold;
  if (c1 != askedC1) {
    askedC1 = c1;
    askedLog1 = log2Of(c1);
  }
  search(index, askedLog1, log2Of(c2));
  if (found == 0) return NOT_MEASURED;
  mark(BEYOND_TABLES);
  const neighbours = min(found, RANKS - 1);
  if (found == RANKS) {
    const radius = f64x2.splat(Math.sqrt(f64At(squares, RANKS - 1)));
    weigh(0, radius);
    weigh(16, radius);
  } else {
    for (let i = 0; i < neighbours; i++) {
      setF64(shares, i, 1.0 / (f64At(squares, i) + 1e-12));
    }
  }
  const hasPower = op.grid.power != 0;
  let weights = 0.0, utilisation = 0.0, watts = 0.0;
  for (let i = 0; i < neighbours; i++) {
    const weight = f64At(shares, i);
    const leaf = i32At(leaves, i);
    weights += weight;
    utilisation += weight * utilisationOf(index, leaf);
    if (hasPower) watts += weight * powerAt(op.grid, leaf);
  }
  if (!(weights > 0.0)) {
    weights = <f64> neighbours;
    utilisation = 0.0;
    watts = 0.0;
    for (let i = 0; i < neighbours; i++) {
      utilisation += utilisationOf(index, i32At(leaves, i));
      watts += powerAt(op.grid, i32At(leaves, i));
    }
  }
  return answer(
    attentionSol(op, c0, c1, c2) * weights / utilisation,
    watts / weights,
  );
}

/** Weights of two neighbours at a time, when a fifth sets the radius. */
function weigh(first: usize, radius: v128): void {
  const distances = f64x2.sqrt(v128.load(squares + first));
  const share = f64x2.div(
    f64x2.max(f64x2.sub(radius, distances), f64x2.splat(0.0)),
    f64x2.add(f64x2.mul(radius, distances), f64x2.splat(1e-12)),
  );
  v128.store(shares + first, f64x2.mul(share, share));
}
