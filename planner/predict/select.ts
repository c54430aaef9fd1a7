/** Which predictor serves a configured name. @module */

import { CONSTANT_PREDICTOR } from "./constant.ts";
import type { Predictor, PredictorName } from "./predictor.ts";

const BUILT: readonly Predictor[] = [CONSTANT_PREDICTOR];

/**
 * The predictor for a configured name; names that are not built are served by `constant`, and the caller says so.
 *
 * @returns the predictor and whether it is the one that was asked for
 */
export function selectPredictor(
  name: PredictorName,
): { readonly predictor: Predictor; readonly asAsked: boolean } {
  const predictor = BUILT.find((built) => built.name === name);
  return predictor
    ? { predictor, asAsked: true }
    : { predictor: CONSTANT_PREDICTOR, asAsked: false };
}
