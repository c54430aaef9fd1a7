/** Checking the measured values of one slice (`SPEC.md` R51). @module */

import {
  type GridViews,
  gridViews,
  type LeafViews,
  type PackSlice,
  type SitesViews,
  sitesViews,
} from "../pack/mod.ts";

/** What was found among a number of leaves. */
export interface LeafFindings {
  leaves: number;
  /** Latencies that are no number or infinite. */
  nonFinite: number;
  /** Latencies that are zero or less. */
  nonPositive: number;
  /** Leaves with a power that is not 0. */
  powered: number;
  /** Powers outside of the range that the GPU's TDP allows. */
  powerOutOfRange: number;
  /** Neighbours along tokens, lengths or sizes. */
  pairs: number;
  /** Neighbours of which the greater one is clearly faster. */
  falling: number;
}

/** Lowest and highest believable mean power of a kernel, as shares of TDP (R51). */
export const POWER_RANGE = { least: 0.1, most: 1.1 };
/** Repeated measurements of one kernel differ by a few percent; a fall within that says nothing. */
export const NOISE_SHARE = 0.05;

/** Findings of no leaves at all. */
export function noFindings(): LeafFindings {
  return {
    leaves: 0,
    nonFinite: 0,
    nonPositive: 0,
    powered: 0,
    powerOutOfRange: 0,
    pairs: 0,
    falling: 0,
  };
}

/** Adds what a slice's block shows to `findings`. @param tdpWatts of the GPU */
export function checkSlice(
  { table, offset }: PackSlice,
  { payload, tdpWatts }: {
    readonly payload: Uint8Array;
    readonly tdpWatts: number;
  },
  findings: LeafFindings,
): void {
  if (table === "gemm") {
    const views = sitesViews(payload, offset);
    checkValues(views, tdpWatts, findings);
    checkSiteCurves(views, findings);
  } else {
    const views = gridViews(payload, offset);
    checkValues(views, tdpWatts, findings);
    checkGrid(views, findings);
  }
}

function checkValues(
  { latencyMs, powerWatts }: LeafViews,
  tdpWatts: number,
  findings: LeafFindings,
): void {
  findings.leaves += latencyMs.length;
  for (const latency of latencyMs) {
    if (!Number.isFinite(latency)) findings.nonFinite++;
    else if (latency <= 0) findings.nonPositive++;
  }
  for (const watts of powerWatts ?? []) {
    if (watts === 0) continue;
    findings.powered++;
    const share = watts / tdpWatts;
    if (!(share >= POWER_RANGE.least && share <= POWER_RANGE.most)) {
      findings.powerOutOfRange++;
    }
  }
}

/** Along m of each site. */
function checkSiteCurves(
  { leafStart, latencyMs }: SitesViews,
  findings: LeafFindings,
): void {
  for (let site = 0; site + 1 < leafStart.length; site++) {
    checkRun(latencyMs, leafStart[site]!, leafStart[site + 1]!, findings);
  }
}

/** Along the last axis, and along the middle one where two rows share a key of the last. */
function checkGrid(views: GridViews, findings: LeafFindings): void {
  const { rowStart, leafStart, latencyMs } = views;
  for (let outer = 0; outer + 1 < rowStart.length; outer++) {
    for (let row = rowStart[outer]!; row < rowStart[outer + 1]!; row++) {
      checkRun(latencyMs, leafStart[row]!, leafStart[row + 1]!, findings);
      if (row + 1 < rowStart[outer + 1]!) checkRows(views, row, findings);
    }
  }
}

function checkRun(
  latencyMs: Float64Array,
  start: number,
  end: number,
  findings: LeafFindings,
): void {
  for (let leaf = start + 1; leaf < end; leaf++) {
    checkPair(latencyMs[leaf - 1]!, latencyMs[leaf]!, findings);
  }
}

function checkRows(
  { leafStart, keys2, latencyMs }: GridViews,
  row: number,
  findings: LeafFindings,
): void {
  let below = leafStart[row]!;
  let above = leafStart[row + 1]!;
  const [endBelow, endAbove] = [above, leafStart[row + 2]!];
  while (below < endBelow && above < endAbove) {
    const difference = keys2[below]! - keys2[above]!;
    if (difference === 0) {
      checkPair(latencyMs[below]!, latencyMs[above]!, findings);
    }
    if (difference <= 0) below++;
    if (difference >= 0) above++;
  }
}

function checkPair(
  smaller: number,
  greater: number,
  findings: LeafFindings,
): void {
  findings.pairs++;
  if (greater < smaller * (1 - NOISE_SHARE)) findings.falling++;
}
