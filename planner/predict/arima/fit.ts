/** Fits an ARIMA model: conditional least squares for an order, AICc and a stepwise search over the orders. @module */

import { minimise } from "../nelder_mead.ts";
import {
  type ArimaModel,
  type ArimaOrder,
  MOST_LAGS,
  stableCoefficients,
} from "./model.ts";

interface Candidate {
  readonly order: ArimaOrder;
  /** The unbounded numbers that phi and theta are made from. */
  readonly free: readonly number[];
  readonly phi: readonly number[];
  readonly theta: readonly number[];
  readonly mean: number;
  readonly aicc: number;
}

/** Orders that the stepwise search begins with (Hyndman and Khandakar 2008). */
const FIRST_ORDERS: readonly (readonly [number, number])[] = [
  [2, 2],
  [0, 0],
  [1, 0],
  [0, 1],
];
const MOST_MODELS = 16;
/** Calls a parameter while orders are compared, and for the one that is chosen. */
const ROUGH_CALLS = 14;
const FINAL_CALLS = 60;

/**
 * Chooses d, p, q and the constant by AICc, and fits.
 *
 * One-step errors of a differenced series are one-step errors of the series itself, so both degrees are judged on the
 * errors of the same values.
 *
 * @param series at least 5 values on the scale of the model, not all equal
 * @param log1p what that scale is; kept in the model
 */
export function fitArima(
  series: readonly number[],
  log1p: boolean,
): ArimaModel {
  const skipped = lagsFor(series.length) + 1;
  const level = chooseOrder(Float64Array.from(series), skipped);
  const steps = chooseOrder(
    Float64Array.from(differenced(series)),
    skipped - 1,
  );
  const d = level.aicc < steps.aicc ? 0 : 1;
  const { phi, theta, mean } = d === 0 ? level : steps;
  return { log1p, d, phi, theta, mean };
}

/** Highest p and q for so many values: a short series cannot bear more. */
function lagsFor(values: number): number {
  return Math.min(MOST_LAGS, Math.floor(values / 8));
}

function differenced(series: readonly number[]): number[] {
  return series.slice(1).map((value, t) => value - (series[t] ?? 0));
}

/** The search walks to better neighbours until there is none. */
function chooseOrder(w: Float64Array, skipped: number): Candidate {
  const lags = lagsFor(w.length);
  const tried = new Map<string, Candidate>();
  const attempt = (p: number, q: number, constant: boolean) => {
    if (p < 0 || q < 0 || p > lags || q > lags) return undefined;
    const key = `${p},${q},${constant}`;
    const known = tried.get(key);
    if (known || tried.size >= MOST_MODELS) return known;
    const fitted = fitOrder(w, { p, q, constant }, {
      skipped,
      calls: ROUGH_CALLS,
    });
    tried.set(key, fitted);
    return fitted;
  };
  let best = fitOrder(w, { p: 0, q: 0, constant: true }, {
    skipped,
    calls: ROUGH_CALLS,
  });
  tried.set("0,0,true", best);
  const consider = (candidate: Candidate | undefined) => {
    if (candidate && candidate.aicc < best.aicc) best = candidate;
  };
  for (const [p, q] of FIRST_ORDERS) consider(attempt(p, q, true));
  consider(attempt(0, 0, false));
  let better = true;
  while (better) {
    const from = best;
    const { p, q, constant } = from.order;
    for (
      const [dp, dq] of [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, -1]]
    ) consider(attempt(p + (dp ?? 0), q + (dq ?? 0), constant));
    consider(attempt(p, q, !constant));
    better = best !== from;
  }
  return fitOrder(w, best.order, { skipped, calls: FINAL_CALLS, from: best });
}

function fitOrder(
  w: Float64Array,
  order: ArimaOrder,
  { skipped, calls, from }: {
    readonly skipped: number;
    /** Calls a parameter. */
    readonly calls: number;
    /** An earlier fit of the same order to begin at. */
    readonly from?: Candidate;
  },
): Candidate {
  const { p, q, constant } = order;
  const mean = constant
    ? w.reduce((sum, value) => sum + value, 0) / w.length
    : 0;
  const deviations = w.map((value) => value - mean);
  const squares = (free: readonly number[]) =>
    sumOfSquares({
      deviations,
      skipped,
      phi: stableCoefficients(free.slice(0, p)),
      theta: stableCoefficients(free.slice(p)),
    });
  const { point, value } = minimise(squares, {
    start: from?.free ?? Array.from({ length: p + q }, () => 0.1),
    step: from ? 0.1 : 0.5,
    mostCalls: calls * (p + q),
    tolerance: 1e-5,
  });
  const n = w.length - skipped;
  const parameters = p + q + (constant ? 1 : 0) + 1;
  const spare = n - parameters - 1;
  return {
    order,
    free: point,
    phi: stableCoefficients(point.slice(0, p)),
    theta: stableCoefficients(point.slice(p)),
    mean,
    aicc: spare <= 0 ? Infinity : n * Math.log(Math.max(value / n, 1e-300)) +
      2 * parameters + (2 * parameters * (parameters + 1)) / spare,
  };
}

/** Conditional sum of squares; the same first values are left out for every order, so that orders compare. */
function sumOfSquares({ deviations, skipped, phi, theta }: {
  readonly deviations: Float64Array;
  readonly skipped: number;
  readonly phi: readonly number[];
  readonly theta: readonly number[];
}): number {
  const [phi1 = 0, phi2 = 0, phi3 = 0] = phi;
  const [theta1 = 0, theta2 = 0, theta3 = 0] = theta;
  let w1 = 0, w2 = 0, w3 = 0, e1 = 0, e2 = 0, e3 = 0, sum = 0;
  for (let t = 0; t < deviations.length; t++) {
    const value = deviations[t]!;
    const residual = value - phi1 * w1 - phi2 * w2 - phi3 * w3 -
      theta1 * e1 - theta2 * e2 - theta3 * e3;
    if (t >= skipped) sum += residual * residual;
    w3 = w2;
    w2 = w1;
    w1 = value;
    e3 = e2;
    e2 = e1;
    e1 = residual;
  }
  return sum;
}
