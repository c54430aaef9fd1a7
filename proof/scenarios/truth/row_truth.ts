/** A row of the table as the truth of engines with queues: for replays, where a scheduler makes the load. @module */

import type { EngineTruth } from "../../../simulator/mod.ts";
import { IDLE_WATTS, mostConcurrent, type SystemRow } from "./systems.ts";

/** Input tokens for which the row's TTFT is said. */
const ROW_ISL = 3_000;
const ROW_TOKENS = 3_150;
/** Shares of TDP that a GPU draws at least while it works (`reference-testbed.md` §12). */
const PREFILL_BASE = 0.6;
const DECODE_BASE = 0.5;
/** Requests of a batch at which decode draws all that it ever does. */
const FULL_BATCH = 63;

/**
 * Latency follows the prompt's length; a decode step costs the row's ITL whatever the batch, as the row says. Draw rises
 * from the overlay's base to the row's prediction with the load, and no further: what is wanted does not follow the cap.
 */
export function rowTruth(row: SystemRow): EngineTruth {
  const between = (base: number, top: number, load: number) =>
    Math.min(base, top) + (top - Math.min(base, top)) * Math.min(1, load);
  return {
    prefill: (islTokens) => ({
      milliseconds: row.ttftMs * islTokens / ROW_ISL,
      watts: between(
        PREFILL_BASE * row.tdpWatts,
        row.prefillWatts,
        islTokens / row.prefillSaturationTokens,
      ),
    }),
    decodeStep: (batchSize) => ({
      milliseconds: row.itlMs,
      watts: between(
        DECODE_BASE * row.tdpWatts,
        row.decodeWatts,
        0.3 + 0.7 * batchSize / FULL_BATCH,
      ),
    }),
    slowdown: (limitWatts, wantedWatts, side) =>
      side === "prefill"
        ? Math.max(1, wantedWatts / limitWatts)
        : Math.max(1, row.decodeFloorWatts / limitWatts),
    mostRequests: (kvTokens) =>
      mostConcurrent(row, Math.max(1, kvTokens * ROW_TOKENS / (ROW_ISL + 75))),
    kvCapacityTokens: row.kvTokens,
    idleWatts: IDLE_WATTS,
  };
}
