/** A local linear trend under a Kalman filter (P17): state [level, trend], F = [[1, 1], [0, 1]], H = [1, 0]. @module */

import { bounded } from "./bounded.ts";
import type { Predictor, PredictorSettings } from "./predictor.ts";
import { type Scale, scaleOf } from "./scale.ts";

/** State of the filter after the last value. */
export interface KalmanMemory {
  readonly kind: "kalman";
  readonly points: number;
  readonly level: number;
  readonly trend: number;
  /** Covariance of (level, trend): [level, both, trend]. */
  readonly covariance: readonly [number, number, number];
}

const INITIAL_VARIANCE = 1000;

/** Builds the predictor. */
export function kalmanPredictor(settings: PredictorSettings): Predictor {
  const scale = scaleOf(settings);
  const { minPoints } = settings.kalman;
  const step = filter(settings, scale);
  const learned = (series: readonly number[]) =>
    series.reduce<KalmanMemory | undefined>(step, undefined);
  return {
    name: "kalman",
    key: `kalman ${JSON.stringify([settings.log1p, settings.kalman])}`,
    learn({ series }, memory) {
      const last = series.at(-1) ?? 0;
      const before = memory?.kind === "kalman" ? memory : undefined;
      return before ? step(before, last) : learned(series) ?? step(before, 0);
    },
    next(series, memory) {
      const state = memory?.kind === "kalman" ? memory : learned(series);
      const last = series.at(-1) ?? 0;
      if (!state || state.points < minPoints) return last;
      return bounded(scale.back(state.level + state.trend), series);
    },
  };
}

function filter({ kalman }: PredictorSettings, scale: Scale) {
  const r = Math.max(1e-9, kalman.r);
  const qLevel = Math.max(1e-12, kalman.qLevel);
  const qTrend = Math.max(1e-12, kalman.qTrend);
  return (before: KalmanMemory | undefined, value: number): KalmanMemory => {
    const seen = scale.forth(value);
    if (!before) {
      return {
        kind: "kalman",
        points: 1,
        level: seen,
        trend: 0,
        covariance: [INITIAL_VARIANCE, 0, INITIAL_VARIANCE],
      };
    }
    const [p00, p01, p11] = before.covariance;
    // Predict: P = F·P·Fᵀ + Q.
    const a00 = p00 + 2 * p01 + p11 + qLevel;
    const a01 = p01 + p11;
    const a11 = p11 + qTrend;
    const level = before.level + before.trend;
    // Correct with what was seen.
    const gainLevel = a00 / (a00 + r);
    const gainTrend = a01 / (a00 + r);
    const surprise = seen - level;
    return {
      kind: "kalman",
      points: before.points + 1,
      level: level + gainLevel * surprise,
      trend: before.trend + gainTrend * surprise,
      covariance: [
        (1 - gainLevel) * a00,
        (1 - gainLevel) * a01,
        a11 - gainTrend * a01,
      ],
    };
  };
}
