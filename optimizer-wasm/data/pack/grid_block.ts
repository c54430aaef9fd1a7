/** Builds grid blocks from sorted leaves. @module */

import { type Block, countLeaves, type LeafColumns } from "./block.ts";
import {
  type BlockCounts,
  gridByteLength,
  gridViews,
  writeCounts,
} from "./block_views.ts";

/** Leaves sorted by (axis 0, axis 1, axis 2), no key twice. */
export interface GridLeaves extends LeafColumns {
  readonly axis0: Float64Array;
  readonly axis1: Float64Array;
  readonly axis2: Float64Array;
}

/** Lays sorted leaves out as a grid block (`format.ts`). */
export function buildGridBlock(leaves: GridLeaves): Block {
  const { axis0, axis1, axis2 } = leaves;
  const count = axis0.length;
  const { flags, primaryLeaves, poweredLeaves } = countLeaves(leaves);
  const counts: BlockCounts = { ...countRuns(leaves), leaves: count, flags };
  const bytes = new Uint8Array(gridByteLength(counts));
  writeCounts(bytes, counts);
  const views = gridViews(bytes, 0);
  let outer = -1;
  let row = -1;
  for (let i = 0; i < count; i++) {
    const newOuter = i === 0 || axis0[i] !== axis0[i - 1];
    if (newOuter || axis1[i] !== axis1[i - 1]) {
      row++;
      views.keys1[row] = axis1[i]!;
      views.leafStart[row] = i;
      if (newOuter) {
        outer++;
        views.keys0[outer] = axis0[i]!;
        views.rowStart[outer] = row;
      }
    }
  }
  views.rowStart[counts.outer] = counts.middle;
  views.leafStart[counts.middle] = count;
  views.keys2.set(axis2);
  views.latencyMs.set(leaves.latencyMs);
  views.powerWatts?.set(leaves.powerWatts);
  views.primary?.set(leaves.primary);
  return { bytes, leaves: count, primaryLeaves, poweredLeaves };
}

function countRuns(
  { axis0, axis1 }: GridLeaves,
): { outer: number; middle: number } {
  let outer = 0;
  let middle = 0;
  for (let i = 0; i < axis0.length; i++) {
    const newOuter = i === 0 || axis0[i] !== axis0[i - 1];
    if (newOuter) outer++;
    if (newOuter || axis1[i] !== axis1[i - 1]) middle++;
  }
  return { outer, middle };
}
