/**
 * Refines the curve of a GPU from live points (R17, `power-curves.md` §4): own draw and time from windows in which no
 * cap bound, c of each phase from clocks or else from caps, voltage from pairs of clock and draw on both sides of the
 * knee. What the points do not say stays as the generation has it, and is said to.
 * @module
 */

import { ERROR_BANDS, type PowerCurve } from "../data/power_curves.ts";
import { clockAtCap, dynamicShare, slowdownOf } from "../power_curve.ts";
import type { LivePoint } from "./live_points.ts";

/** One phase as the points show it. */
export interface FittedPhase {
  readonly phase: string;
  /** Own draw of one GPU, Pu, watts, and the time of the work without a binding cap. */
  readonly drawWatts: number;
  readonly latencyMs: number;
  /** c; absent where no cap bound. */
  readonly computeShare?: number;
  readonly unboundPoints: number;
  readonly boundPoints: number;
}

/** A refined curve with what is known and what is not. */
export interface FittedCurve {
  readonly system: string;
  readonly curve: PowerCurve;
  readonly phases: readonly FittedPhase[];
  /** What the points were not enough for, for people. */
  readonly findings: readonly string[];
}

/** A cap is taken not to bind below this share of throttled time, and to bind above the other. */
const UNBOUND_SHARE = 0.02;
const BOUND_SHARE = 0.1;
/** c is fitted above this cap ÷ own draw where there is no clock: the document's routine. */
const CAP_RATIO = 0.7;
/** Declared error of a band with points: twice their rms residual, and never below this. */
const LEAST_ERROR = 0.02;
const IDLE = "idle";

/** A window in which the cap bound, freed of the time in which it did not. */
interface Bound {
  readonly phase: string;
  /** Cap ÷ own draw. */
  readonly ratio: number;
  readonly capWatts: number;
  readonly ownWatts: number;
  readonly drawWatts: number;
  readonly slowdown: number;
  /** Clock relative to the unbound one. */
  readonly clock: number | undefined;
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Fits one system. @param start the generation's curve */
export function fitCurve(
  points: readonly LivePoint[],
  start: PowerCurve,
): Omit<FittedCurve, "system"> {
  const findings: string[] = [];
  const idle = points.filter(({ phase }) => phase === IDLE);
  const staticWatts = idle.length > 0
    ? mean(idle.map(({ drawWatts }) => drawWatts))
    : start.staticWatts;
  const byPhase = Map.groupBy(
    points.filter(({ phase }) => phase !== IDLE),
    ({ phase }) => phase,
  );
  const phases: FittedPhase[] = [];
  const bound: Bound[] = [];
  for (const [phase, of] of byPhase) {
    const free = of.filter((it) => it.throttleShare <= UNBOUND_SHARE);
    if (free.length === 0) {
      findings.push(
        `${phase}: every window was capped, so its own draw is only known to be above ${
          Math.max(...of.map((it) => it.drawWatts)).toFixed(0)
        } W; it is left out`,
      );
      continue;
    }
    const ownWatts = mean(free.map((it) => it.drawWatts));
    const latencyMs = mean(free.map((it) => it.latencyMs));
    const clocks = free.flatMap((it) => it.smClockMhz ?? []);
    const ownClock = clocks.length > 0 ? mean(clocks) : undefined;
    const capped = of.filter((it) => it.throttleShare >= BOUND_SHARE)
      .map((it) => freed(it, { ownWatts, latencyMs, ownClock }));
    bound.push(...capped);
    phases.push({
      phase,
      drawWatts: ownWatts,
      latencyMs,
      unboundPoints: free.length,
      boundPoints: capped.length,
    });
  }
  const voltage = fitVoltage(bound, { ...start, staticWatts }, findings);
  const curve: PowerCurve = { ...start, ...voltage, staticWatts };
  const shares = new Map(phases.map(({ phase }) => {
    const share = fitShare(bound.filter((it) => it.phase === phase), curve);
    if (share === undefined) {
      findings.push(`${phase}: no cap bound, so its c stays unknown`);
    }
    return [phase, share];
  }));
  return {
    curve: {
      ...curve,
      errors: declaredErrors(bound, shares, curve),
      standing: `${points.length} live points`,
    },
    phases: phases.map((it) => {
      const computeShare = shares.get(it.phase);
      return computeShare === undefined ? it : { ...it, computeShare };
    }),
    findings,
  };
}

/** A window is a mixture of bound and unbound time: the bound part alone ("scale the penalty by the binding fraction"). */
function freed(
  { phase, capWatts, drawWatts, latencyMs, throttleShare, smClockMhz }:
    LivePoint,
  own: {
    readonly ownWatts: number;
    readonly latencyMs: number;
    readonly ownClock: number | undefined;
  },
): Bound {
  const part = (observed: number) => 1 + (observed - 1) / throttleShare;
  return {
    phase,
    ratio: capWatts / own.ownWatts,
    capWatts,
    ownWatts: own.ownWatts,
    drawWatts: own.ownWatts * part(drawWatts / own.ownWatts),
    slowdown: Math.max(1, part(latencyMs / own.latencyMs)),
    clock: smClockMhz === undefined || own.ownClock === undefined
      ? undefined
      : Math.min(1, Math.max(0.01, part(smClockMhz / own.ownClock))),
  };
}

/** vmin and s over all phases, from pairs of clock and draw; the start's unless points lie on both sides of the knee. */
function fitVoltage(
  bound: readonly Bound[],
  start: PowerCurve,
  findings: string[],
): Pick<PowerCurve, "vmin" | "slope"> {
  const pairs = bound.flatMap(({ clock, drawWatts, ownWatts }) => {
    const span = ownWatts - start.staticWatts;
    return clock === undefined || clock >= 1 || span <= 0
      ? []
      : [{ clock, share: (drawWatts - start.staticWatts) / span }];
  });
  const kept = { vmin: start.vmin, slope: start.slope };
  if (pairs.length < 3) {
    findings.push(
      `voltage: ${pairs.length} points with clock and draw under a cap; 3 are needed, so vmin and s stay the generation's`,
    );
    return kept;
  }
  let best = { ...kept, error: Infinity };
  for (let v = 50; v <= 100; v++) {
    for (let s = 0; s <= 60; s++) {
      const candidate = { vmin: v / 100, slope: s / 20 };
      const error = pairs.reduce((sum, { clock, share }) => {
        const off = dynamicShare(candidate, clock) - share;
        return sum + off * off;
      }, 0);
      if (error < best.error) best = { ...candidate, error };
    }
  }
  const knee = 1 - (1 - best.vmin) / Math.max(best.slope, 1e-9);
  const above = pairs.filter(({ clock }) => clock > knee).length;
  if (above === 0 || above === pairs.length) {
    findings.push(
      "voltage: all points lie on one side of the knee, so vmin and s stay the generation's",
    );
    return kept;
  }
  return { vmin: best.vmin, slope: best.slope };
}

/** Least squares of slowdown − 1 = c·(1/x − 1); clocks where there are any, else the curve's own above the knee. */
function fitShare(
  bound: readonly Bound[],
  curve: PowerCurve,
): number | undefined {
  const clocked = bound.filter(({ clock }) => clock !== undefined);
  const used = clocked.length > 0
    ? clocked
    : bound.filter(({ ratio }) => ratio >= CAP_RATIO);
  let numerator = 0;
  let denominator = 0;
  for (const point of used) {
    const clock = point.clock ?? curveClock(point, curve);
    if (clock === undefined || clock >= 1) continue;
    const stretch = 1 / clock - 1;
    numerator += (point.slowdown - 1) * stretch;
    denominator += stretch * stretch;
  }
  if (denominator === 0) return undefined;
  return Math.min(1, Math.max(0, numerator / denominator));
}

/** Where the curve puts the clock of a window: the draw of a cap that binds. */
function curveClock(
  { capWatts, ownWatts }: Bound,
  curve: PowerCurve,
): number | undefined {
  // The share does not move the clock of a single kind of work.
  const sums = {
    totalMs: 1,
    clockMs: 1,
    energyWms: ownWatts,
    clockEnergyWms: ownWatts,
  };
  return clockAtCap(sums, curve, capWatts);
}

/** What caps, through the curve, miss of the measured slowdowns; bands without points keep the generation's figure. */
function declaredErrors(
  bound: readonly Bound[],
  shares: ReadonlyMap<string, number | undefined>,
  curve: PowerCurve,
): PowerCurve["errors"] {
  const errorOf = (band: number): number => {
    const from = ERROR_BANDS[band] ?? 0;
    const to = band === 0 ? Infinity : ERROR_BANDS[band - 1] ?? Infinity;
    const squares = bound.flatMap((point) => {
      const share = shares.get(point.phase);
      const clock = curveClock(point, curve);
      if (share === undefined || clock === undefined) return [];
      if (point.ratio < from || point.ratio >= to) return [];
      const off = point.slowdown / slowdownOf(share, clock) - 1;
      return [off * off];
    });
    return squares.length === 0
      ? curve.errors[band] ?? curve.errors[3]
      : Math.max(LEAST_ERROR, 2 * Math.sqrt(mean(squares)));
  };
  return [errorOf(0), errorOf(1), errorOf(2), errorOf(3)];
}
