/** Load prediction, pure. @module */

export {
  meanLengths,
  NO_REQUESTS,
  type WindowSums,
  withRequest,
} from "./aggregate.ts";
export { CONSTANT_PREDICTOR } from "./constant.ts";
export {
  EMPTY_HISTORY,
  type Forecast,
  forecast,
  HISTORY_WINDOWS,
  type TrafficHistory,
  withWindow,
} from "./history.ts";
export type { Predictor, PredictorName } from "./predictor.ts";
export { selectPredictor } from "./select.ts";
