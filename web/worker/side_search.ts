/** One kind of worker of a fleet searched alone, at its layout and batch: what caps do to it. @module */

import {
  type EstimatorOpener,
  type FleetQuery,
  type FleetSide,
  type FleetSpace,
  openFleetSearch,
  type WorkerSide,
} from "../../optimizer-wasm/portable.ts";
import type { FleetMember } from "../plan/fleet_members.ts";

/** No target: the figures show what a cap does, not what is allowed. */
const NO_TARGET_MS = 1e9;

/** Answers for one kind of worker. */
export interface SideSearch {
  readonly worker: WorkerSide;
  /** The figures under a cap; undefined where no clock keeps it. */
  at(capWatts: number): FleetSide | undefined;
  /** The lowest cap that costs nothing. */
  freeCapWatts(): number | undefined;
}

/** Opens it over the engines of a space. */
export async function openSideSearch(
  opener: EstimatorOpener,
  { space, query, member: { worker, figures } }: {
    readonly space: FleetSpace;
    readonly query: FleetQuery;
    readonly member: FleetMember;
  },
): Promise<SideSearch> {
  const { pins: _pins, mode: _mode, totalGpus: _gpus, ...rest } = space;
  const search = await openFleetSearch(opener, {
    ...rest,
    mode: worker,
    pins: { [worker]: figures.layout },
  });
  const {
    budgetWatts: _budget,
    totalGpus: _total,
    requestRate: _rate,
    ...shape
  } = query;
  const first = (caps: FleetQuery["caps"]): FleetSide | undefined => {
    const found = search.points({
      ...shape,
      ttftMs: NO_TARGET_MS,
      itlMs: NO_TARGET_MS,
      caps,
      operatingPoint: {
        batchSize: figures.batchSize,
        ...(figures.contextTokens === undefined
          ? {}
          : { contextTokens: figures.contextTokens }),
      },
      allowUnmeasuredCaps: true,
    }, worker);
    return "points" in found ? found.points[0] : undefined;
  };
  return {
    worker,
    at: (capWatts) => first({ kind: "fixed", watts: { [worker]: capWatts } }),
    freeCapWatts: () => first({ kind: "own_draw" })?.capWatts,
  };
}
