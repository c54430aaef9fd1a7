/**
 * What a cap below a phase's own draw costs in latency (R17), for work whose draw is known as a whole: the curve of
 * `optimizer-wasm/power_curve.ts` with one compute share. @module
 */

import { phaseAtCap, type PowerCurve } from "../../optimizer-wasm/mod.ts";

/** What a cap does to a phase. */
export interface Slowdown {
  /** Time at the cap ÷ uncapped time. */
  readonly nominal: number;
  /** The same at the pessimistic end of the declared error; SLA feasibility is judged with it (R17). */
  readonly pessimistic: number;
}

/** One phase under a cap. */
export interface CappedPhase {
  readonly capWatts: number;
  /** The phase's own uncapped draw of one GPU, Pu, watts. */
  readonly drawWatts: number;
  /** Share of the time that scales with the clock, c. */
  readonly computeShare: number;
  readonly parameters: PowerCurve;
}

/** Slowdown of a phase, or undefined when the GPU cannot go that low. A cap at or above the own draw costs nothing. */
export function slowdownAt(phase: CappedPhase): Slowdown | undefined {
  const { capWatts, drawWatts, computeShare, parameters } = phase;
  const capped = phaseAtCap(
    {
      totalMs: 1,
      clockMs: computeShare,
      energyWms: drawWatts,
      clockEnergyWms: computeShare * drawWatts,
    },
    parameters,
    capWatts,
  );
  if (capped === undefined) return undefined;
  return {
    nominal: capped.latencyMs,
    pessimistic: capped.latencyMs * (1 + capped.error),
  };
}
