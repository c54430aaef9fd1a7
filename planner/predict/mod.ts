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
  type LearnedTraffic,
  type TrafficHistory,
  type TrafficWindow,
  warmedUp,
  type WindowContext,
  withWindow,
} from "./history.ts";
export {
  DEFAULT_PREDICTOR_SETTINGS,
  type Growth,
  type Predictor,
  type PredictorName,
  type PredictorSettings,
  type SeriesMemory,
} from "./predictor.ts";
export { PREDICTOR_NAMES, selectPredictor } from "./select.ts";
export {
  type CarriedSignals,
  type DraftTokens,
  usableAcceptLength,
  usableHitRate,
  withSignals,
} from "./signals.ts";
export { warmUp, type WarmUpTrace } from "./warm_up.ts";
