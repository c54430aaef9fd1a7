/** The two quantisation steps of fp8 kernels, measured over (m, k) (`aic-engine.md` §3.5). */

import { f64At } from "./arrays";
import { quantizeSol } from "./sol";
import { answer, NOT_MEASURED, OK, resultMs, resultWatts } from "./status";
import { Kind, Op } from "./op";
import { gridTable } from "./walk";

/** Bytes that compute_scale moves an element; scale_matrix moves more and grows beyond its table. */
export const COMPUTE_SCALE_BYTES: f64 = 2.0;

/** Bounds of k over the whole table; done once, when compiled. */
export function bindQuantize(op: Op): void {
  const grid = op.grid;
  op.lowKey = Infinity;
  op.highKey = -Infinity;
  for (let i = 0; i < grid.leafCount; i++) {
    op.lowKey = min(op.lowKey, f64At(grid.keys2, i));
    op.highKey = max(op.highKey, f64At(grid.keys2, i));
  }
}

/** @param op a QUANTIZE operator: its grid has one key 0, then m, then k; `elementBytes` tells which of the two */
export function quantizeTable(op: Op, m: f64, k: f64): i32 {
  if (op.kind == Kind.FAIL) return NOT_MEASURED;
  const grid = op.grid;
  const heldM = min(
    max(m, f64At(grid.keys1, 0)),
    f64At(grid.keys1, grid.rowCount - 1),
  );
  const heldK = min(max(k, op.lowKey), op.highKey);
  if (gridTable(op, 0.0, heldM, heldK) != OK) return NOT_MEASURED;
  if (
    op.elementBytes == COMPUTE_SCALE_BYTES || (heldM == m && heldK == k)
  ) return OK;
  const growth = quantizeSol(op.elementBytes, m, k) /
    quantizeSol(op.elementBytes, heldM, heldK);
  return answer(resultMs * growth, resultWatts);
}
