/** The kinds of worker in a fleet, one after the other. @module */

import type {
  FleetCandidate,
  FleetSide,
  WorkerSide,
} from "../../optimizer-wasm/portable.ts";

/** Which worker of a fleet. */
export type FleetPart = "prefill" | "decode" | "workers";

/** One kind of worker. */
export interface FleetMember {
  readonly side: FleetPart;
  /** The name that a search knows it by. */
  readonly worker: WorkerSide;
  readonly figures: FleetSide;
}

/** The members of a fleet, prefill first. */
export function membersOf(
  { prefill, decode, workers }: FleetCandidate,
): FleetMember[] {
  const member = (
    side: FleetPart,
    worker: WorkerSide,
    figures: FleetSide | undefined,
  ): FleetMember[] => figures ? [{ side, worker, figures }] : [];
  return [
    ...member("prefill", "prefill", prefill),
    ...member("decode", "decode", decode),
    ...member("workers", "agg", workers),
  ];
}
