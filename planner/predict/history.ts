/** The traffic of past windows: what the predictors see (P17, P18). @module */

import type { Predictor } from "./predictor.ts";

/** Three series of equal length, one value a window, oldest first. */
export interface TrafficHistory {
  readonly requestsPerSecond: readonly number[];
  readonly islTokens: readonly number[];
  readonly oslTokens: readonly number[];
}

/** What is expected of the next window. */
export interface Forecast {
  readonly requestsPerSecond: number;
  /** Mean input tokens of a request. */
  readonly islTokens: number;
  /** Mean output tokens of a request. */
  readonly oslTokens: number;
  readonly predictor: string;
}

/** Windows that are kept; at 180 s a little over four days. */
export const HISTORY_WINDOWS = 2048;

export const EMPTY_HISTORY: TrafficHistory = {
  requestsPerSecond: [],
  islTokens: [],
  oslTokens: [],
};

/** One window as the history takes it. */
export interface TrafficWindow {
  readonly requestsPerSecond: number;
  readonly islTokens: number | undefined;
  readonly oslTokens: number | undefined;
}

/**
 * Adds one window. Idle windows before the first traffic are not stored; later ones store 0 requests and repeat the
 * last lengths, as does a window whose lengths are unknown.
 *
 * @param usual lengths for a first window whose lengths are unknown
 */
export function withWindow(
  history: TrafficHistory,
  window: TrafficWindow,
  usual: { readonly islTokens: number; readonly oslTokens: number },
): TrafficHistory {
  const started = history.requestsPerSecond.length > 0;
  if (!started && window.requestsPerSecond === 0) return history;
  const push = (series: readonly number[], value: number) =>
    [...series, value].slice(-HISTORY_WINDOWS);
  return {
    requestsPerSecond: push(
      history.requestsPerSecond,
      window.requestsPerSecond,
    ),
    islTokens: push(
      history.islTokens,
      window.islTokens ?? history.islTokens.at(-1) ?? usual.islTokens,
    ),
    oslTokens: push(
      history.oslTokens,
      window.oslTokens ?? history.oslTokens.at(-1) ?? usual.oslTokens,
    ),
  };
}

/** What the predictor expects; lengths without data are the usual ones. */
export function forecast(
  history: TrafficHistory,
  predictor: Predictor,
  usual: { readonly islTokens: number; readonly oslTokens: number },
): Forecast {
  const known = history.requestsPerSecond.length > 0;
  return {
    requestsPerSecond: predictor.next(history.requestsPerSecond),
    islTokens: known
      ? Math.max(1, predictor.next(history.islTokens))
      : usual.islTokens,
    oslTokens: known ? predictor.next(history.oslTokens) : usual.oslTokens,
    predictor: predictor.name,
  };
}
