/** One-axis curves: MoE tokens and message sizes (`aic-engine.md` §3.3). */

import { f64At, lerp } from "./arrays";
import { Grid, powerAt } from "./grid";
import { placeOn } from "./ruler";
import { mlaBmmSol, moeSol } from "./sol";
import { answer, BEYOND_TABLES, mark, NOT_MEASURED } from "./status";
import { Kind, Op } from "./op";

/** Speed of light along a curve: MoE's and BMM's own formula, else proportional to the size. */
function curveSol(op: Op, x: f64): f64 {
  if (op.kind == Kind.MOE) return moeSol(op, x);
  return op.kind == Kind.MLA_BMM ? mlaBmmSol(op, op.heads, x) : x;
}

/** The curve at x: an exact row, a line between two, or the utilisation of the nearest end. */
export function curveTable(op: Op, curve: Grid, x: f64): i32 {
  const count = curve.leafCount;
  if (count == 0) return NOT_MEASURED;
  const index = placeOn(curve.ruler, x);
  if (index >= 0 && f64At(curve.keys2, index) == x) {
    return answer(f64At(curve.latency, index), powerAt(curve, index));
  }
  if (index >= 0 && index < count - 1) {
    const low = f64At(curve.keys2, index);
    const w = (x - low) / (f64At(curve.keys2, index + 1) - low);
    return answer(
      lerp(f64At(curve.latency, index), f64At(curve.latency, index + 1), w),
      curve.power == 0
        ? 0.0
        : lerp(f64At(curve.power, index), f64At(curve.power, index + 1), w),
    );
  }
  // A MoE curve of one point says nothing about fewer tokens (§3.3).
  if (op.kind == Kind.MOE && count == 1 && index < 0) return NOT_MEASURED;
  const end = index < 0 ? 0 : count - 1;
  const ms = f64At(curve.latency, end);
  const sol = curveSol(op, f64At(curve.keys2, end));
  if (!(ms > 0.0) || !(sol > 0.0)) return NOT_MEASURED;
  // Nothing to do has no speed of light, so no utilisation carries over to it.
  const wanted = curveSol(op, x);
  if (!(wanted > 0.0)) return NOT_MEASURED;
  mark(BEYOND_TABLES);
  return answer(wanted / (sol / ms), powerAt(curve, end));
}
