/** Fits an exponential smoothing model; trend, damping and season are chosen by AICc. @module */

import { minimise } from "../nelder_mead.ts";
import {
  boundedParameters,
  type EtsForm,
  type EtsParameters,
  type EtsState,
  freeCount,
} from "./model.ts";
import { periodOf } from "./period.ts";

/** A fitted model at the end of its series. */
export interface FittedEts {
  readonly form: EtsForm;
  readonly parameters: EtsParameters;
  readonly state: EtsState;
}

const TRENDS = ["none", "additive", "damped"] as const;
const CALLS_PER_PARAMETER = 40;

/**
 * @param series at least 5 values
 * @param settings windows to fit on when there is no season, and their length
 */
export function fitEts(
  series: readonly number[],
  { fitWindows, windowSeconds }: {
    readonly fitWindows: number;
    readonly windowSeconds: number;
  },
): FittedEts {
  const recent = series.slice(-fitWindows);
  const period = periodOf(series, windowSeconds);
  const seasonal = period > 0 && period * 2 > recent.length ? series : recent;
  // Forms are compared on the same values, or AICc compares nothing.
  const forms: EtsForm[] = TRENDS.flatMap((trend) => [
    { trend, period: 0 },
    ...(period === 0 ? [] : [{ trend, period }]),
  ]);
  let best: (FittedEts & { readonly aicc: number }) | undefined;
  for (const form of forms) {
    const fitted = fitForm(Float64Array.from(seasonal), form);
    if (!best || fitted.aicc < best.aicc) best = fitted;
  }
  return best ??
    fitForm(Float64Array.from(recent), { trend: "none", period: 0 });
}

function fitForm(
  series: Float64Array,
  form: EtsForm,
): FittedEts & { readonly aicc: number } {
  const start = firstState(series, form);
  const count = freeCount(form);
  const season = new Float64Array(form.period);
  const { point } = minimise(
    (free) => run(series, { form, free, start, season }).squares,
    {
      start: Array.from({ length: count }, (_, i) => i === 0 ? 0 : -2),
      step: 1,
      mostCalls: CALLS_PER_PARAMETER * count,
      tolerance: 1e-6,
    },
  );
  const end = run(series, { form, free: point, start, season });
  const n = series.length;
  const parameters = count + 1 + (form.trend === "none" ? 1 : 2) + form.period;
  const spare = n - parameters - 1;
  return {
    form,
    parameters: boundedParameters(form, point),
    state: {
      level: end.level,
      trend: end.trend,
      season: Array.from(season, (_, i) => season[(n + i) % form.period] ?? 0),
    },
    aicc: spare <= 0
      ? (form.period === 0 && form.trend === "none"
        ? Number.MAX_VALUE
        : Infinity)
      : n * Math.log(Math.max(end.squares / n, 1e-300)) + 2 * parameters +
        (2 * parameters * (parameters + 1)) / spare,
  };
}

/** Level, trend and offsets of the beginning, by averages. */
function firstState(
  series: Float64Array,
  { trend, period }: EtsForm,
): EtsState {
  const n = series.length;
  const head = Math.min(n, period > 0 ? period : 8);
  const mean = (from: number, to: number) => {
    let sum = 0;
    for (let t = from; t < to; t++) sum += series[t] ?? 0;
    return sum / Math.max(1, to - from);
  };
  const level = mean(0, head);
  const slope = trend === "none" || n < 2 * head
    ? 0
    : (mean(head, 2 * head) - level) / head;
  const seasons = Math.floor(n / Math.max(1, period));
  const season = Array.from({ length: period }, (_, phase) => {
    let sum = 0;
    for (let k = 0; k < seasons; k++) {
      sum += (series[k * period + phase] ?? 0) -
        mean(k * period, (k + 1) * period);
    }
    return sum / seasons;
  });
  return { level, trend: slope, season };
}

/** One pass over the series; leaves the season's offsets in the scratch space, by phase. */
function run(series: Float64Array, { form, free, start, season }: {
  readonly form: EtsForm;
  readonly free: readonly number[];
  readonly start: EtsState;
  readonly season: Float64Array;
}): {
  readonly squares: number;
  readonly level: number;
  readonly trend: number;
} {
  const { alpha, beta, gamma, phi } = boundedParameters(form, free);
  const { period } = form;
  season.set(start.season);
  let { level, trend } = start;
  let squares = 0;
  for (let t = 0, phase = 0; t < series.length; t++) {
    const offset = period === 0 ? 0 : season[phase]!;
    const error = series[t]! - level - phi * trend - offset;
    squares += error * error;
    level += phi * trend + alpha * error;
    trend = phi * trend + beta * error;
    if (period !== 0) {
      season[phase] = offset + gamma * error;
      if (++phase === period) phase = 0;
    }
  }
  return { squares, level, trend };
}
