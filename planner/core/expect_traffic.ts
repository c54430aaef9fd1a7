/** From the window that was seen to the window that is expected (P14, P17–P21). @module */

import type { PlannerConfig } from "../config/mod.ts";
import {
  type Forecast,
  forecast,
  selectPredictor,
  type TrafficHistory,
  withWindow,
} from "../predict/mod.ts";
import type { CapacityModel } from "./capacity.ts";
import type { TrustedObservation } from "./observation.ts";
import type { Reason } from "./reason.ts";
import type { PlannerState } from "./state.ts";

/** What is expected, and the lengths to plan with. */
export interface ExpectedTraffic {
  readonly history: TrafficHistory;
  /** Absent: unknown, or not asked for on this tick. */
  readonly forecast: Forecast | undefined;
  readonly shape: { readonly islTokens: number; readonly oslTokens: number };
  readonly missing: "no_traffic_data" | "predict_failed" | undefined;
  readonly reasons: readonly Reason[];
}

/** Adds the window to the history and predicts the next one; only on ticks of the traffic cadence (C61, C63). */
export function expectTraffic(
  { state, model, config, isDue, values }: {
    readonly state: PlannerState;
    readonly model: CapacityModel;
    readonly config: PlannerConfig;
    readonly isDue: boolean;
    readonly values: TrustedObservation;
  },
): ExpectedTraffic {
  const usual = {
    islTokens: model.usualIslTokens,
    oslTokens: model.usualOslTokens,
  };
  const { predictor } = selectPredictor(
    config.predictor,
    config.predictorSettings,
  );
  const { requestsPerSecond } = values;
  const history = isDue && requestsPerSecond !== undefined
    ? withWindow(state.history, { ...values, requestsPerSecond }, {
      ...usual,
      predictor,
    })
    : state.history;
  const past = { history, shape: state.expected ?? usual, reasons: [] };
  if (!isDue) return { ...past, forecast: undefined, missing: undefined };
  if (requestsPerSecond === undefined) {
    return { ...past, forecast: undefined, missing: "no_traffic_data" };
  }
  try {
    const expected = forecast(history, predictor, usual);
    const isUsable = [
      expected.requestsPerSecond,
      expected.islTokens,
      expected.oslTokens,
    ].every((value) => Number.isFinite(value) && value >= 0);
    if (!isUsable) throw new RangeError("The predictor gave no number.");
    return {
      history,
      forecast: expected,
      shape: expected,
      missing: undefined,
      reasons: [],
    };
  } catch (error) {
    return {
      ...past,
      forecast: undefined,
      missing: "predict_failed",
      reasons: [{
        kind: "predict_failed",
        predictor: config.predictor,
        message: error instanceof Error ? error.message : String(error),
      }],
    };
  }
}
