/**
 * What a power cap does to a phase (R17, `power-curves.md` §3). A phase runs at one clock x relative to its uncapped
 * one, so four sums over its operators say everything (`docs/decisions/0020-one-clock-a-phase.md`).
 * @module
 */

import { ERROR_BANDS, type PowerCurve } from "./data/power_curves.ts";

/** Sums over the operators of a phase at its uncapped clock; per step, per pass or per phase alike. */
export interface PhaseSums {
  /** Σ T0. */
  readonly totalMs: number;
  /** Σ T0·c: the part of the time that scales with the clock. */
  readonly clockMs: number;
  /** Σ T0·Pu, watt-milliseconds. */
  readonly energyWms: number;
  /** Σ T0·c·Pu. */
  readonly clockEnergyWms: number;
}

/** A phase at a clock. */
export interface ClockedPhase {
  /** Clock relative to the uncapped one, 0 to 1. */
  readonly clock: number;
  readonly latencyMs: number;
  readonly energyWms: number;
  /** Mean draw of one GPU. */
  readonly watts: number;
}

/** A phase under a cap. */
export interface CappedClock extends ClockedPhase {
  /** Declared latency error, relative; 0 where the cap does not bind. */
  readonly error: number;
}

/** Share of a cap that regulation reaches (m). */
export const REGULATION = 0.97;
const BISECTIONS = 40;

/** Dynamic power at a clock relative to that at the uncapped one, g(x); strictly rising. */
export function dynamicShare(
  { vmin, slope }: Pick<PowerCurve, "vmin" | "slope">,
  clock: number,
): number {
  return clock * Math.max(vmin, 1 - slope * (1 - clock)) ** 2;
}

/** Time at a clock ÷ time at the uncapped one, of work whose share `computeShare` scales with the clock. */
export function slowdownOf(computeShare: number, clock: number): number {
  return computeShare / clock + 1 - computeShare;
}

/** Lowest clock that the device offers, relative. */
export function lowestClock(curve: PowerCurve): number {
  return curve.minClockMhz / curve.maxClockMhz;
}

/** Time, energy and mean draw of a phase at a clock. */
export function phaseAtClock(
  sums: PhaseSums,
  curve: PowerCurve,
  clock: number,
): ClockedPhase {
  const { totalMs, clockMs, energyWms, clockEnergyWms } = sums;
  // The uncapped phase to the last digit.
  if (clock === 1) return clocked(clock, totalMs, energyWms);
  const { staticWatts } = curve;
  const latencyMs = clockMs / clock + totalMs - clockMs;
  const clockDynamic = clockEnergyWms - staticWatts * clockMs;
  const restDynamic = energyWms - clockEnergyWms -
    staticWatts * (totalMs - clockMs);
  const dynamic = dynamicShare(curve, clock) *
    (clockDynamic / clock + restDynamic);
  return clocked(clock, latencyMs, staticWatts * latencyMs + dynamic);
}

function clocked(
  clock: number,
  latencyMs: number,
  energyWms: number,
): ClockedPhase {
  const watts = latencyMs > 0 ? energyWms / latencyMs : 0;
  return { clock, latencyMs, energyWms, watts };
}

/**
 * The clock at which a phase keeps a cap: 1 when the cap is at or above its own draw, else where it draws 97 % of the
 * cap, rounded down to the device's clock step; undefined when even the lowest clock draws more.
 */
export function clockAtCap(
  sums: PhaseSums,
  curve: PowerCurve,
  capWatts: number,
): number | undefined {
  if (!(sums.totalMs > 0)) return 1;
  if (capWatts >= sums.energyWms / sums.totalMs) return 1;
  const wanted = capWatts * REGULATION;
  let low = lowestClock(curve);
  if (!(phaseAtClock(sums, curve, low).watts <= wanted)) return undefined;
  let high = 1;
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (phaseAtClock(sums, curve, middle).watts <= wanted) low = middle;
    else high = middle;
  }
  const step = curve.clockStepMhz / curve.maxClockMhz;
  return Math.max(lowestClock(curve), Math.floor(low / step + 1e-9) * step);
}

/** Declared latency error at a cap relative to the own draw (R17); 0 where the cap does not bind. */
export function declaredError(curve: PowerCurve, ratio: number): number {
  if (ratio >= 1) return 0;
  const band = ERROR_BANDS.findIndex((from) => ratio >= from);
  return curve.errors[band] ?? curve.errors[3];
}

/** A phase under a cap, or undefined when the GPU cannot go that low. */
export function phaseAtCap(
  sums: PhaseSums,
  curve: PowerCurve,
  capWatts: number,
): CappedClock | undefined {
  const clock = clockAtCap(sums, curve, capWatts);
  if (clock === undefined) return undefined;
  const ownWatts = sums.totalMs > 0 ? sums.energyWms / sums.totalMs : 0;
  return {
    ...phaseAtClock(sums, curve, clock),
    error: ownWatts > 0 ? declaredError(curve, capWatts / ownWatts) : 0,
  };
}
