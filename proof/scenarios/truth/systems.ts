/** The GPUs of the reference's files: what its model predicts and what the hardware takes (`reference-testbed.md` §3). @module */

import type { SystemName } from "../schema/mod.ts";

/** One row: a constant prediction, so no scenario over it exercises a trade-off between caps. */
export interface SystemRow {
  readonly tdpWatts: number;
  readonly minWatts: number;
  readonly maxWatts: number;
  /** A cap from here on costs decode no time. */
  readonly decodeFloorWatts: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly prefillWatts: number;
  readonly decodeWatts: number;
  readonly kvTokens: number;
  /** Prompt tokens in flight at which a prefill GPU of a replay draws all that it ever does. */
  readonly prefillSaturationTokens: number;
}

const sxm = { tdpWatts: 700, minWatts: 200, maxWatts: 700 };

export const SYSTEM_ROWS: Readonly<Record<SystemName, SystemRow>> = {
  h200_sxm: {
    ...sxm,
    decodeFloorWatts: 280,
    ttftMs: 120,
    itlMs: 8,
    prefillWatts: 450,
    decodeWatts: 360,
    kvTokens: 200_000,
    prefillSaturationTokens: 8192,
  },
  h100_sxm: {
    ...sxm,
    decodeFloorWatts: 280,
    ttftMs: 140,
    itlMs: 10,
    prefillWatts: 420,
    decodeWatts: 340,
    kvTokens: 160_000,
    prefillSaturationTokens: 8192,
  },
  h100_pcie: {
    tdpWatts: 350,
    minWatts: 100,
    maxWatts: 350,
    decodeFloorWatts: 140,
    ttftMs: 180,
    itlMs: 12,
    prefillWatts: 280,
    decodeWatts: 220,
    kvTokens: 100_000,
    prefillSaturationTokens: 4096,
  },
};

/** Draw of a GPU whose engine waits for work, watts (`power-curves.md` §3). */
export const IDLE_WATTS = 110;

/** Requests that one decode replica holds at a time. */
export function mostConcurrent(row: SystemRow, tokens: number): number {
  return Math.max(1, Math.floor(row.kvTokens / Math.max(1, tokens)));
}

/** Requests per second that one decode replica completes at full concurrency. */
export function decodeRate(
  row: SystemRow,
  { islTokens, oslTokens, itlMs }: {
    readonly islTokens: number;
    readonly oslTokens: number;
    readonly itlMs: number;
  },
): number {
  return mostConcurrent(row, islTokens + oslTokens) * 1000 /
    (itlMs * oslTokens);
}
