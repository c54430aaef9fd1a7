/** What a GPU of each side draws uncapped, with the ends of its interval (R53). @module */

import type { FleetQuery, FleetSearch } from "../../optimizer-wasm/portable.ts";
import type { FleetMember } from "../plan/fleet_members.ts";
import type { SideDraw } from "./protocol.ts";
import type { SideSearch } from "./side_search.ts";

/** The draw of one side at its batch. */
export function sideDraw(
  search: FleetSearch,
  query: FleetQuery,
  { member: { side, worker, figures }, alone }: {
    readonly member: FleetMember;
    readonly alone: SideSearch;
  },
): SideDraw[] {
  const { isl, osl, prefix = 0 } = query;
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
    freeCapWatts: alone.freeCapWatts(),
  }];
}
