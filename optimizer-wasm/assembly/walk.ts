/** Ragged grids of three axes: exact rows, brackets, a lone survivor, or the hold (`aic-engine.md` §3.1). */

import { f64At, lerp, lowerIndex } from "./arrays";
import { Grid, leafBegin, powerAt, rowBegin } from "./grid";
import { hold } from "./hold";
import { attentionSol } from "./attention_sol";
import { answer, OK, OUT_OF_RANGE, resultMs, resultWatts } from "./status";
import { Kind, Op } from "./op";
import {
  findStrip,
  Piece,
  pieceAt,
  secondWeight,
  spans,
  Strip,
  touches,
} from "./strips";

/** Looks (c0, c1, c2) up in the grid of an attention operator; c0 is its heads. */
export function gridTable(op: Op, c0: f64, c1: f64, c2: f64): i32 {
  const index = op.hold;
  if (
    changetype<usize>(index.strips) != 0 &&
    changetype<usize>(index.stripsAbove) == 0 && op.grid.power == 0
  ) {
    const strip = findStrip(index.strips, c1);
    if (changetype<usize>(strip) == 0) return hold(op, c0, c1, c2);
    if (spans(strip, c2)) return onStrip(op, strip, secondWeight, c2);
    if (!touches(strip, c2)) return hold(op, c0, c1, c2);
  }
  return walk(op, c0, c1, c2) == OK ? OK : hold(op, c0, c1, c2);
}

/** What `walk` answers where both rows of the strip span c2. */
function onStrip(op: Op, strip: Strip, w: f64, c2: f64): i32 {
  const piece = strip.pieces + <usize> pieceAt(strip, c2) * Piece.BYTES;
  const key = v128.load(piece, Piece.KEY);
  const value = v128.load(piece, Piece.VALUE);
  const share = f64x2.div(
    f64x2.sub(f64x2.splat(c2), key),
    f64x2.sub(v128.load(piece, Piece.NEXT_KEY), key),
  );
  const ms = f64x2.add(
    value,
    f64x2.mul(f64x2.sub(v128.load(piece, Piece.NEXT_VALUE), value), share),
  );
  if (w == 0.0) return answer(f64x2.extract_lane(ms, 0), 0.0);
  if (!hasRoot(op)) {
    return answer(
      lerp(f64x2.extract_lane(ms, 0), f64x2.extract_lane(ms, 1), w),
      0.0,
    );
  }
  const roots = f64x2.sqrt(f64x2.max(ms, f64x2.splat(0.0)));
  const root = lerp(
    f64x2.extract_lane(roots, 0),
    f64x2.extract_lane(roots, 1),
    w,
  );
  return answer(root * root, 0.0);
}

/** The sequence axis of context attention is interpolated in the root of the latency; watts never are. */
function hasRoot(op: Op): bool {
  return op.kind == Kind.CONTEXT_ATTENTION || op.kind == Kind.CONTEXT_MLA;
}

/** The grid alone, without the hold: OK or OUT_OF_RANGE. */
export function walk(op: Op, c0: f64, c1: f64, c2: f64): i32 {
  const grid = op.grid;
  const index = lowerIndex(grid.keys0, grid.keys0Count, c0);
  if (index >= 0 && f64At(grid.keys0, index) == c0) {
    return walkRows(op, grid, index, c0, c1, c2);
  }
  if (index < 0 || index == grid.keys0Count - 1) return OUT_OF_RANGE;
  const low = f64At(grid.keys0, index);
  const high = f64At(grid.keys0, index + 1);
  const lowStatus = walkRows(op, grid, index, c0, c1, c2);
  const lowMs = resultMs;
  const lowWatts = resultWatts;
  const highStatus = walkRows(op, grid, index + 1, c0, c1, c2);
  if (lowStatus == OK && highStatus == OK) {
    const w = (c0 - low) / (high - low);
    return answer(
      lerp(lowMs, resultMs, w),
      lerp(lowWatts, resultWatts, w),
    );
  }
  if (lowStatus == OK) {
    answer(lowMs, lowWatts);
    return survivor(op, c0, c1, c2, low, c1, c2);
  }
  return highStatus == OK
    ? survivor(op, c0, c1, c2, high, c1, c2)
    : OUT_OF_RANGE;
}

function walkRows(
  op: Op,
  grid: Grid,
  key0: i32,
  c0: f64,
  c1: f64,
  c2: f64,
): i32 {
  const first = rowBegin(grid, key0);
  const count = rowBegin(grid, key0 + 1) - first;
  const keys = grid.keys1 + ((<usize> first) << 3);
  const index = lowerIndex(keys, count, c1);
  if (index >= 0 && f64At(keys, index) == c1) {
    return walkLeaves(grid, first + index, c2);
  }
  if (index < 0 || index == count - 1) return OUT_OF_RANGE;
  const low = f64At(keys, index);
  const high = f64At(keys, index + 1);
  const lowStatus = walkLeaves(grid, first + index, c2);
  const lowMs = resultMs;
  const lowWatts = resultWatts;
  const highStatus = walkLeaves(grid, first + index + 1, c2);
  if (lowStatus == OK && highStatus == OK) {
    const w = (c1 - low) / (high - low);
    const watts = lerp(lowWatts, resultWatts, w);
    if (hasRoot(op)) {
      const root = lerp(
        Math.sqrt(max(lowMs, 0.0)),
        Math.sqrt(max(resultMs, 0.0)),
        w,
      );
      return answer(root * root, watts);
    }
    return answer(lerp(lowMs, resultMs, w), watts);
  }
  if (lowStatus == OK) {
    answer(lowMs, lowWatts);
    return survivor(op, c0, c1, c2, c0, low, c2);
  }
  return highStatus == OK
    ? survivor(op, c0, c1, c2, c0, high, c2)
    : OUT_OF_RANGE;
}

function walkLeaves(grid: Grid, row: i32, c2: f64): i32 {
  const first = leafBegin(grid, row);
  const count = leafBegin(grid, row + 1) - first;
  const keys = grid.keys2 + ((<usize> first) << 3);
  const index = lowerIndex(keys, count, c2);
  if (index < 0) return OUT_OF_RANGE;
  const leaf = first + index;
  const low = f64At(keys, index);
  if (low == c2) return answer(f64At(grid.latency, leaf), powerAt(grid, leaf));
  if (index == count - 1) return OUT_OF_RANGE;
  const w = (c2 - low) / (f64At(keys, index + 1) - low);
  return answer(
    lerp(f64At(grid.latency, leaf), f64At(grid.latency, leaf + 1), w),
    grid.power == 0
      ? 0.0
      : lerp(f64At(grid.power, leaf), f64At(grid.power, leaf + 1), w),
  );
}

/** One side of a bracket answered: its latency follows the speed of light from the snapped query to the full one. */
function survivor(
  op: Op,
  c0: f64,
  c1: f64,
  c2: f64,
  s0: f64,
  s1: f64,
  s2: f64,
): i32 {
  const ms = resultMs;
  const watts = resultWatts;
  const full = attentionSol(op, c0, c1, c2);
  const snapped = attentionSol(op, s0, s1, s2);
  const usable = full > 0.0 && snapped > 0.0 && isFinite(full) &&
    isFinite(snapped);
  return answer(usable ? ms * full / snapped : ms, watts);
}
