/** The exponential smoothing predictor: fits on a schedule, takes every value in between. @module */

import { bounded } from "../bounded.ts";
import type { Predictor, PredictorSettings } from "../predictor.ts";
import { allEqual, FEWEST_POINTS, refitDue } from "../refit.ts";
import { scaleOf } from "../scale.ts";
import { fitEts, type FittedEts } from "./fit.ts";
import { etsForecast, etsStep } from "./model.ts";

/** What exponential smoothing knows of a series. */
export interface EtsMemory {
  readonly kind: "ets";
  /** Values so far, also those that are no longer kept. */
  readonly points: number;
  /** Values at the last fit; 0 before the first. */
  readonly fittedAt: number;
  /** Absent while nothing could be fitted. */
  readonly model: FittedEts | undefined;
}

const NOTHING: EtsMemory = {
  kind: "ets",
  points: 0,
  fittedAt: 0,
  model: undefined,
};

/** Builds the predictor. */
export function etsPredictor(settings: PredictorSettings): Predictor {
  const scale = scaleOf(settings);
  const learned = (
    series: readonly number[],
    { fittedAt, model }: EtsMemory,
    points: number,
  ): EtsMemory => {
    if (refitDue(points, fittedAt)) {
      return allEqual(series.slice(-settings.fitWindows))
        ? { ...NOTHING, points }
        : {
          kind: "ets",
          points,
          fittedAt: points,
          model: fitEts(series.map(scale.forth), settings),
        };
    }
    const value = scale.forth(series.at(-1) ?? 0);
    return {
      kind: "ets",
      points,
      fittedAt,
      model: model &&
        { ...model, state: etsStep(model.state, model.parameters, value) },
    };
  };
  return {
    name: "ets",
    key: `ets ${
      JSON.stringify([
        settings.log1p,
        settings.fitWindows,
        settings.windowSeconds,
      ])
    }`,
    learn({ series }, memory) {
      return memory?.kind === "ets"
        ? learned(series, memory, memory.points + 1)
        : learned(series, NOTHING, series.length);
    },
    next(series, memory) {
      const last = series.at(-1) ?? 0;
      if (series.length < FEWEST_POINTS) return last;
      const { model } = memory?.kind === "ets"
        ? memory
        : learned(series, NOTHING, series.length);
      if (!model || allEqual(series.slice(-settings.fitWindows))) return last;
      return bounded(
        scale.back(etsForecast(model.state, model.parameters)),
        series,
      );
    },
  };
}
