/** Which predictor serves a configured name. @module */

import { arimaPredictor } from "./arima/mod.ts";
import { CONSTANT_PREDICTOR } from "./constant.ts";
import { etsPredictor } from "./ets/mod.ts";
import { kalmanPredictor } from "./kalman.ts";
import {
  DEFAULT_PREDICTOR_SETTINGS,
  type Predictor,
  type PredictorName,
  type PredictorSettings,
} from "./predictor.ts";
import { seasonalPredictor } from "./seasonal/mod.ts";

const BUILDERS: Readonly<
  Record<PredictorName, (settings: PredictorSettings) => Predictor>
> = {
  constant: () => CONSTANT_PREDICTOR,
  arima: arimaPredictor,
  kalman: kalmanPredictor,
  ets: etsPredictor,
  seasonal: seasonalPredictor,
};

/** Names of all predictors. */
export const PREDICTOR_NAMES: readonly PredictorName[] = [
  "constant",
  "arima",
  "kalman",
  "ets",
  "seasonal",
];

/**
 * The predictor for a configured name.
 *
 * @returns the predictor, and that it is the one that was asked for
 */
export function selectPredictor(
  name: PredictorName,
  settings: PredictorSettings = DEFAULT_PREDICTOR_SETTINGS,
): { readonly predictor: Predictor; readonly asAsked: boolean } {
  return { predictor: BUILDERS[name](settings), asAsked: true };
}
