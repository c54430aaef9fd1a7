/** The traffic of past windows, and what the predictor learned from it (P17, P18). @module */

import { stored } from "./bounded.ts";
import type { Predictor, SeriesMemory } from "./predictor.ts";

/** Three series of equal length, one value a window, oldest first. Plain data that survives in a file. */
export interface TrafficHistory {
  readonly requestsPerSecond: readonly number[];
  readonly islTokens: readonly number[];
  readonly oslTokens: readonly number[];
  /** What one predictor learned of the series; absent until {@linkcode withWindow} is told which one. */
  readonly learned?: LearnedTraffic;
  /** End of the last stored window, milliseconds; absent where windows came without a time. */
  readonly lastAtMs?: number;
  /** Idle windows are not stored until traffic comes: set by a warm-up, as before the first traffic. */
  readonly awaitingTraffic?: true;
}

/** Memory of the three series. */
export interface LearnedTraffic {
  /** `Predictor.key` of the predictor that learned. */
  readonly key: string;
  readonly requestsPerSecond: SeriesMemory;
  readonly islTokens: SeriesMemory;
  readonly oslTokens: SeriesMemory;
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
  /** End of the window, milliseconds since 1970; lets `seasonal` know the time of day. */
  readonly atMs?: number;
}

/** What a window is added with. */
export interface WindowContext {
  /** Lengths for a first window whose lengths are unknown. */
  readonly islTokens: number;
  readonly oslTokens: number;
  /** Learns the window at once; without it {@linkcode forecast} learns the whole series each time, which takes longer. */
  readonly predictor?: Predictor;
  /** Lets windows that are missing between two count, where windows have a time. */
  readonly windowSeconds?: number;
}

/**
 * Adds one window. Idle windows before the first traffic are not stored; later ones store 0 requests and repeat the
 * last lengths, as does a window whose lengths are unknown. What is not finite is stored as 0.
 */
export function withWindow(
  history: TrafficHistory,
  window: TrafficWindow,
  context: WindowContext,
): TrafficHistory {
  const awaiting = history.requestsPerSecond.length === 0 ||
    history.awaitingTraffic === true;
  const requests = stored(window.requestsPerSecond);
  if (awaiting && requests === 0) return history;
  const length = (
    seen: number | undefined,
    last: number | undefined,
    usual: number,
  ) =>
    seen === undefined || !Number.isFinite(seen) || requests === 0
      ? last ?? usual
      : stored(seen);
  const series = {
    requestsPerSecond: push(history.requestsPerSecond, requests),
    islTokens: push(
      history.islTokens,
      length(window.islTokens, history.islTokens.at(-1), context.islTokens),
    ),
    oslTokens: push(
      history.oslTokens,
      length(window.oslTokens, history.oslTokens.at(-1), context.oslTokens),
    ),
  };
  const learned = context.predictor &&
    learnedTraffic(context.predictor, {
      series,
      before: history.learned,
      windows: windowsSince(history, window, context),
      atMs: window.atMs,
    });
  return {
    ...series,
    ...(learned ? { learned } : {}),
    ...(window.atMs === undefined ? {} : { lastAtMs: window.atMs }),
  };
}

/** A warm-up ends: idle windows are skipped again until traffic comes (P17). */
export function warmedUp(history: TrafficHistory): TrafficHistory {
  const { lastAtMs: _, ...rest } = history;
  return history.requestsPerSecond.length === 0
    ? history
    : { ...rest, awaitingTraffic: true };
}

/** What the predictor expects; lengths without data are the usual ones. */
export function forecast(
  history: TrafficHistory,
  predictor: Predictor,
  usual: { readonly islTokens: number; readonly oslTokens: number },
): Forecast {
  const known = history.requestsPerSecond.length > 0;
  const learned = history.learned?.key === predictor.key
    ? history.learned
    : undefined;
  const next = (name: "requestsPerSecond" | "islTokens" | "oslTokens") =>
    predictor.next(history[name], learned?.[name]);
  return {
    requestsPerSecond: next("requestsPerSecond"),
    islTokens: known ? Math.max(1, next("islTokens")) : usual.islTokens,
    oslTokens: known ? next("oslTokens") : usual.oslTokens,
    predictor: predictor.name,
  };
}

function push(series: readonly number[], value: number): readonly number[] {
  return [...series, value].slice(-HISTORY_WINDOWS);
}

/** 1, and more where windows between the two were never stored. */
function windowsSince(
  { lastAtMs }: TrafficHistory,
  { atMs }: TrafficWindow,
  { windowSeconds }: WindowContext,
): number {
  if (lastAtMs === undefined || atMs === undefined || !windowSeconds) return 1;
  const passed = Math.round((atMs - lastAtMs) / 1000 / windowSeconds);
  return Number.isFinite(passed) ? Math.max(1, passed) : 1;
}

function learnedTraffic(
  predictor: Predictor,
  { series, before, windows, atMs }: {
    readonly series: Pick<
      TrafficHistory,
      "requestsPerSecond" | "islTokens" | "oslTokens"
    >;
    readonly before: LearnedTraffic | undefined;
    readonly windows: number;
    readonly atMs: number | undefined;
  },
): LearnedTraffic {
  const known = before?.key === predictor.key ? before : undefined;
  const learn = (name: "requestsPerSecond" | "islTokens" | "oslTokens") =>
    predictor.learn({ series: series[name], windows, atMs }, known?.[name]);
  return {
    key: predictor.key,
    requestsPerSecond: learn("requestsPerSecond"),
    islTokens: learn("islTokens"),
    oslTokens: learn("oslTokens"),
  };
}
