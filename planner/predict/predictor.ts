/** The port of the load predictors: pure functions of a series and of what was learned from it. @module */

import type { ArimaMemory } from "./arima/mod.ts";
import type { EtsMemory } from "./ets/mod.ts";
import type { KalmanMemory } from "./kalman.ts";
import type { SeasonalMemory } from "./seasonal/mod.ts";

/** Names of the predictors that the configuration knows. */
export type PredictorName =
  | "constant"
  | "arima"
  | "kalman"
  | "ets"
  | "seasonal";

/** What a predictor has learned of one series: plain data that survives in a file. */
export type SeriesMemory =
  | { readonly kind: "constant" }
  | KalmanMemory
  | ArimaMemory
  | EtsMemory
  | SeasonalMemory;

/** A series that has just grown by its last value. */
export interface Growth {
  /** One value a window, oldest first; finite and at least 0. */
  readonly series: readonly number[];
  /** Windows since the one before, 1 unless windows are missing. */
  readonly windows: number;
  /** End of the last window, milliseconds since 1970; absent without a clock. */
  readonly atMs: number | undefined;
}

/** Predicts the next value of a series. Pure: the same series and memory give the same answer. */
export interface Predictor {
  readonly name: PredictorName;
  /** Name and settings in one word; a memory belongs to the predictor with the same key. */
  readonly key: string;
  /** What is known after one more value. Without a memory it is learned from the whole series. */
  learn(growth: Growth, memory: SeriesMemory | undefined): SeriesMemory;
  /**
   * @param series one value a window, oldest first
   * @param memory what was learned of exactly this series; absent: it is learned first, which takes longer
   * @returns the next value, finite and at least 0; 0 without data
   */
  next(series: readonly number[], memory?: SeriesMemory): number;
}

/** How predictors are set up; the defaults are upstream's (`reference-planner.md` §1). */
export interface PredictorSettings {
  readonly windowSeconds: number;
  /** Model log(1 + x) instead of x. */
  readonly log1p: boolean;
  /** Windows that `arima` and `ets` are fitted on. */
  readonly fitWindows: number;
  readonly kalman: {
    readonly qLevel: number;
    readonly qTrend: number;
    readonly r: number;
    readonly minPoints: number;
  };
}

/** The defaults of the configuration. */
export const DEFAULT_PREDICTOR_SETTINGS: PredictorSettings = {
  windowSeconds: 180,
  log1p: false,
  fitWindows: 512,
  kalman: { qLevel: 1, qTrend: 0.1, r: 10, minPoints: 5 },
};
