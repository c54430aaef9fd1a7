/** What a GPU of each side draws uncapped, with the ends of its interval (R53). @module */

import type {
  FleetCandidate,
  FleetQuery,
  FleetSearch,
} from "../../optimizer-wasm/portable.ts";
import { membersOf } from "../plan/fleet_members.ts";
import type { SideDraw } from "./protocol.ts";

/** The draws of the sides of a fleet, at their batches. */
export function sideDraws(
  search: FleetSearch,
  query: FleetQuery,
  fleet: FleetCandidate,
): SideDraw[] {
  const { isl, osl, prefix = 0 } = query;
  return membersOf(fleet).flatMap(({ side, worker, figures }) => {
    const { batchSize, contextTokens = isl } = figures;
    const opened = search.layouts.find((layout) =>
      layout.side === worker &&
      layout.estimator.engineCase.layout === figures.layout
    );
    if (!opened) return [];
    const { estimator } = opened;
    const answer = worker === "prefill"
      ? estimator.prefill({ batchSize, isl, prefix })
      : worker === "decode"
      ? estimator.decodeStep({ batchSize, kvLength: isl + Math.floor(osl / 2) })
      : estimator.agg({ batchSize, contextTokens, isl, osl, prefix });
    return [{
      side,
      lowWatts: answer.powerLowWatts,
      meanWatts: answer.powerWatts,
      highWatts: Math.max(answer.powerHighWatts, answer.powerWatts),
    }];
  });
}
