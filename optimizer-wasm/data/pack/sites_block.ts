/** Builds sites blocks: GEMM curves over m at scattered (n, k). @module */

import { type Block, countLeaves, type LeafColumns } from "./block.ts";
import {
  type BlockCounts,
  sitesByteLength,
  sitesViews,
  writeCounts,
} from "./block_views.ts";

/** Curves one after the other, in site order (`aic-engine.md` §3.4); m ascends within a curve. */
export interface SiteCurves extends LeafColumns {
  readonly n: Float64Array;
  readonly k: Float64Array;
  /** Leaves of site i are `leafStart[i] .. leafStart[i + 1]`. */
  readonly leafStart: Int32Array;
  readonly m: Float64Array;
}

/** Lays curves out as a sites block (`format.ts`); curves with identical m keys share one axis. */
export function buildSitesBlock(curves: SiteCurves): Block {
  const { axes, axisOf } = shareAxes(curves);
  const axisKeyCount = axes.reduce((sum, axis) => sum + axis.length, 0);
  const { flags, primaryLeaves, poweredLeaves } = countLeaves(curves);
  const counts: BlockCounts = {
    outer: curves.n.length,
    middle: axes.length,
    leaves: curves.m.length,
    flags,
  };
  const bytes = new Uint8Array(sitesByteLength(counts, axisKeyCount));
  writeCounts(bytes, counts);
  const views = sitesViews(bytes, 0, axisKeyCount);
  let keys = 0;
  axes.forEach((axis, index) => {
    views.axisStart[index] = keys;
    views.axisKeys.set(axis, keys);
    keys += axis.length;
  });
  views.axisStart[axes.length] = keys;
  views.n.set(curves.n);
  views.k.set(curves.k);
  views.axisOf.set(axisOf);
  views.leafStart.set(curves.leafStart);
  views.latencyMs.set(curves.latencyMs);
  views.powerWatts?.set(curves.powerWatts);
  views.primary?.set(curves.primary);
  return { bytes, leaves: counts.leaves, primaryLeaves, poweredLeaves };
}

function shareAxes(
  { n, leafStart, m }: SiteCurves,
): { axes: Float64Array[]; axisOf: Int32Array } {
  const axes: Float64Array[] = [];
  const known = new Map<string, number>();
  const axisOf = new Int32Array(n.length);
  for (let site = 0; site < n.length; site++) {
    const axis = m.subarray(leafStart[site], leafStart[site + 1]);
    const name = axis.join();
    let index = known.get(name);
    if (index === undefined) {
      index = axes.length;
      axes.push(axis);
      known.set(name, index);
    }
    axisOf[site] = index;
  }
  return { axes, axisOf };
}
