/** The port of the load predictors: pure functions of a series. @module */

/** Names of the predictors that the configuration knows. */
export type PredictorName =
  | "constant"
  | "arima"
  | "kalman"
  | "ets"
  | "seasonal";

/** Predicts the next value of a series. */
export interface Predictor {
  readonly name: PredictorName;
  /** @param series one value a window, oldest first @returns the next value, at least 0; 0 without data */
  next(series: readonly number[]): number;
}
