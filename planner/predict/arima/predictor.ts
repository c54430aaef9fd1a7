/** The ARIMA predictor: fits on a schedule, takes every value in between. @module */

import { bounded } from "../bounded.ts";
import type { Predictor, PredictorSettings } from "../predictor.ts";
import { allEqual, FEWEST_POINTS, refitDue } from "../refit.ts";
import { scaleOf } from "../scale.ts";
import { fitArima } from "./fit.ts";
import { type ArimaModel, MOST_LAGS, nextDeviation } from "./model.ts";

/** What ARIMA knows of a series. */
export interface ArimaMemory {
  readonly kind: "arima";
  /** Values so far, also those that are no longer kept. */
  readonly points: number;
  /** Values at the last fit; 0 before the first. */
  readonly fittedAt: number;
  /** Absent while nothing could be fitted. */
  readonly model: ArimaModel | undefined;
  /** Errors of the last one-step forecasts, newest first. */
  readonly residuals: readonly number[];
}

const NOTHING: ArimaMemory = {
  kind: "arima",
  points: 0,
  fittedAt: 0,
  model: undefined,
  residuals: [],
};

/** Builds the predictor. */
export function arimaPredictor(settings: PredictorSettings): Predictor {
  const learned = (
    series: readonly number[],
    memory: ArimaMemory,
    points: number,
  ): ArimaMemory =>
    refitDue(points, memory.fittedAt)
      ? fitted(series.slice(-settings.fitWindows), settings, points)
      : {
        ...memory,
        points,
        residuals: memory.model
          ? withResidual(memory.model, series, memory)
          : [],
      };
  return {
    name: "arima",
    key: `arima ${JSON.stringify([settings.log1p, settings.fitWindows])}`,
    learn({ series }, memory) {
      return memory?.kind === "arima"
        ? learned(series, memory, memory.points + 1)
        : learned(series, NOTHING, series.length);
    },
    next(series, memory) {
      const last = series.at(-1) ?? 0;
      if (series.length < FEWEST_POINTS) return last;
      const known = memory?.kind === "arima"
        ? memory
        : learned(series, NOTHING, series.length);
      const { model } = known;
      if (!model || allEqual(series.slice(-settings.fitWindows))) return last;
      const forecast = forecastOf(model, series, known.residuals);
      return bounded(scaleOf(model).back(forecast), series);
    },
  };
}

/** Fits; a raw fit without any lag is tried again on log(1 + x), as upstream does. */
function fitted(
  series: readonly number[],
  { log1p }: PredictorSettings,
  points: number,
): ArimaMemory {
  if (allEqual(series)) return { ...NOTHING, points };
  const fit = (asLog: boolean) =>
    fitArima(series.map(scaleOf({ log1p: asLog }).forth), asLog);
  let model = fit(log1p);
  if (!log1p && hasNoLag(model)) {
    const other = fit(true);
    if (!hasNoLag(other)) model = other;
  }
  return {
    kind: "arima",
    points,
    fittedAt: points,
    model,
    residuals: allResiduals(model, series),
  };
}

function hasNoLag({ phi, theta }: ArimaModel): boolean {
  return phi.length === 0 && theta.length === 0;
}

/** w − mean of the last values, oldest first, on the model's scale. */
function deviations(
  { d, mean, log1p }: ArimaModel,
  values: readonly number[],
): number[] {
  const { forth } = scaleOf({ log1p });
  const scaled = values.map(forth);
  return d === 0
    ? scaled.map((value) => value - mean)
    : scaled.slice(1).map((value, t) => value - (scaled[t] ?? 0) - mean);
}

function forecastOf(
  model: ArimaModel,
  series: readonly number[],
  residuals: readonly number[],
): number {
  const recent = deviations(model, series.slice(-MOST_LAGS - 1));
  const next = nextDeviation(model, recent, residuals) + model.mean;
  const last = scaleOf(model).forth(series.at(-1) ?? 0);
  return model.d === 0 ? next : last + next;
}

/** Residuals with the one of the newest value in front. */
function withResidual(
  model: ArimaModel,
  series: readonly number[],
  { residuals }: ArimaMemory,
): number[] {
  const recent = deviations(model, series.slice(-MOST_LAGS - 2));
  const seen = recent.pop() ?? 0;
  const residual = seen - nextDeviation(model, recent, residuals);
  return [residual, ...residuals].slice(0, MOST_LAGS);
}

function allResiduals(model: ArimaModel, series: readonly number[]): number[] {
  const all = deviations(model, series);
  let residuals: number[] = [];
  for (let t = 0; t < all.length; t++) {
    const recent = all.slice(Math.max(0, t - MOST_LAGS), t);
    const residual = (all[t] ?? 0) - nextDeviation(model, recent, residuals);
    residuals = [residual, ...residuals].slice(0, MOST_LAGS);
  }
  return residuals;
}
