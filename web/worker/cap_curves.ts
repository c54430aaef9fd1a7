/** What a cap costs each side of a fleet, at its layout and batch: answered by the search itself. @module */

import type { WorkerSide } from "../../optimizer-wasm/portable.ts";
import type { FleetMember } from "../plan/fleet_members.ts";
import type { CapCurve, CapPoint } from "./protocol.ts";
import type { SideSearch } from "./side_search.ts";

/** Caps between two points of a curve, watts. */
const STEP_WATTS = 10;
/** Points between two turns. */
const POINTS_A_TURN = 8;

/** What a curve is made from. */
export interface CurveInput {
  readonly member: FleetMember;
  readonly search: SideSearch;
  readonly capRange: { readonly minWatts: number; readonly maxWatts: number };
  /** Lowest cap ÷ own draw that curves were measured for (R17). */
  readonly lowestRatio: (side: WorkerSide) => number;
  /** Called between some searches. */
  readonly turn: () => Promise<void>;
}

/** The curve of one side. */
export async function capCurve(
  { member, search, capRange, lowestRatio, turn }: CurveInput,
): Promise<CapCurve> {
  const { side, worker, figures } = member;
  const points: CapPoint[] = [];
  const lowest = Math.ceil(capRange.minWatts / STEP_WATTS) * STEP_WATTS;
  let asked = 0;
  for (
    let capWatts = lowest;
    capWatts <= capRange.maxWatts;
    capWatts += STEP_WATTS
  ) {
    if (asked++ % POINTS_A_TURN === 0) await turn();
    const point = search.at(capWatts);
    const latencyMs = worker === "prefill" ? point?.ttftMs : point?.itlMs;
    if (!point || latencyMs === undefined) continue;
    points.push({
      capWatts,
      drawWatts: point.drawWatts,
      latencyMs,
      latencyError: point.latencyError,
      clock: point.clock,
    });
  }
  const freeCapWatts = search.freeCapWatts() ?? capRange.maxWatts;
  return {
    side,
    batchSize: figures.batchSize,
    chosenWatts: figures.capWatts,
    freeCapWatts,
    measuredFromWatts: freeCapWatts * lowestRatio(worker),
    points,
  };
}
