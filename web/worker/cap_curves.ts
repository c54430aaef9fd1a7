/** What a cap costs each side of a fleet, at its layout and batch: answered by the search itself. @module */

import {
  type EstimatorOpener,
  type FleetCandidate,
  type FleetQuery,
  type FleetSpace,
  openFleetSearch,
  type WorkerSide,
} from "../../optimizer-wasm/portable.ts";
import { type FleetMember, membersOf } from "../plan/fleet_members.ts";
import type { CapCurve, CapPoint } from "./protocol.ts";

/** Caps between two points of a curve, watts. */
const STEP_WATTS = 10;
/** No target: the curve shows what a cap does, not what is allowed. */
const NO_TARGET_MS = 1e9;

/** What the curves are made from. */
export interface CurveInput {
  readonly opener: EstimatorOpener;
  readonly space: FleetSpace;
  readonly query: FleetQuery;
  readonly best: FleetCandidate;
  readonly capRange: { readonly minWatts: number; readonly maxWatts: number };
  readonly lowestRatio: (side: WorkerSide) => number;
  /** Called between two searches. */
  readonly turn: () => Promise<void>;
}

/** The curves of all sides. */
export async function capCurves(input: CurveInput): Promise<CapCurve[]> {
  const curves: CapCurve[] = [];
  for (const side of membersOf(input.best)) {
    curves.push(await capCurve(input, side));
  }
  return curves;
}

async function capCurve(
  { opener, space, query, best: _, capRange, lowestRatio, turn }: CurveInput,
  { side, worker, figures }: FleetMember,
): Promise<CapCurve> {
  const { pins: _pins, mode: _mode, totalGpus: _gpus, ...rest } = space;
  const points: CapPoint[] = [];
  // One kind of worker alone: an aggregated fleet is a mode of its own.
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
  const lowest = Math.ceil(capRange.minWatts / STEP_WATTS) * STEP_WATTS;
  for (
    let capWatts = lowest;
    capWatts <= capRange.maxWatts;
    capWatts += STEP_WATTS
  ) {
    const found = search.points({
      ...shape,
      ttftMs: NO_TARGET_MS,
      itlMs: NO_TARGET_MS,
      caps: { kind: "fixed", watts: { [worker]: capWatts } },
      operatingPoint: {
        batchSize: figures.batchSize,
        ...(figures.contextTokens === undefined
          ? {}
          : { contextTokens: figures.contextTokens }),
      },
      allowUnmeasuredCaps: true,
    }, worker);
    const point = "points" in found ? found.points[0] : undefined;
    const latencyMs = worker === "prefill" ? point?.ttftMs : point?.itlMs;
    if (point && latencyMs !== undefined) {
      points.push({
        capWatts,
        drawWatts: point.drawWatts,
        latencyMs,
        latencyError: point.latencyError,
        clock: point.clock,
      });
    }
    if (points.length % 8 === 0) await turn();
  }
  return {
    side,
    batchSize: figures.batchSize,
    chosenWatts: figures.capWatts,
    ownDrawWatts: figures.predictedWatts,
    measuredFromWatts: figures.predictedWatts * lowestRatio(worker),
    points,
  };
}
