/** What the fleet search answers, as the core reads it. @module */

import type { FleetCandidate, FleetSide } from "../../optimizer-wasm/mod.ts";
import type { FleetChoice, OperatingPoint } from "../core/mod.ts";

/** One replica at its operating point. */
export function pointOf(side: FleetSide): OperatingPoint {
  return {
    capWatts: side.capWatts,
    batchSize: side.batchSize,
    requestsPerSecond: side.requestsPerSecond,
    ttftMs: side.ttftMs,
    itlMs: side.itlMs,
    predictedWatts: side.predictedWatts,
    drawWatts: side.drawWatts,
    latencySource: side.latencySource,
    powerSource: side.powerSource,
  };
}

/** One fleet. */
export function choiceOf(fleet: FleetCandidate): FleetChoice {
  const sides = {
    prefill: fleet.prefill,
    decode: fleet.decode,
    agg: fleet.workers,
  };
  return {
    sides: Object.fromEntries(
      Object.entries(sides).flatMap(([name, side]) =>
        side ? [[name, { replicas: side.replicas, point: pointOf(side) }]] : []
      ),
    ),
    requestsPerSecond: fleet.requestsPerSecond,
    tokensPerSecond: fleet.tokensPerSecond,
    gpus: fleet.gpus,
    watts: fleet.watts,
    ttftMs: fleet.ttftMs,
    itlMs: fleet.itlMs,
    thetaPrefill: fleet.thetaPrefill,
    thetaDecode: fleet.thetaDecode,
  };
}
