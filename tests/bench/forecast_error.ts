/** Forecast error of every predictor against the naive last value: real traces and generated days. @module */

import {
  DEFAULT_PREDICTOR_SETTINGS,
  EMPTY_HISTORY,
  forecast,
  PREDICTOR_NAMES,
  type PredictorName,
  selectPredictor,
  type TrafficHistory,
  type TrafficWindow,
  withWindow,
} from "../../planner/predict/mod.ts";
import {
  readTrace,
  textChunks,
  traceWindows,
} from "../../planner/sources/mod.ts";
import { dayOfTraffic } from "../../simulator/mod.ts";

/** A series of windows with a name. */
export interface TrafficSeries {
  readonly name: string;
  readonly windowSeconds: number;
  readonly windows: readonly TrafficWindow[];
}

/** What one predictor did on one series. */
export interface ForecastError {
  readonly series: string;
  readonly windows: number;
  readonly predictor: PredictorName;
  /** Mean absolute error of requests per second as a share of the naive last value's; below 1 is better. */
  readonly requestsRatio: number;
  readonly islRatio: number;
  readonly oslRatio: number;
  /** Mean absolute error of requests per second over the mean of the series. */
  readonly relativeError: number;
  /** Time of one window, three series learned and forecast: half of them, and the longest, a fit, take at most. */
  readonly medianMs: number;
  readonly longestMs: number;
}

/** Windows at the start of a series that are not judged: no predictor knows anything yet. */
const UNJUDGED = 10;

/** Runs one predictor over one series, one window ahead each time. */
export function forecastError(
  { name, windowSeconds, windows }: TrafficSeries,
  predictor: PredictorName,
): ForecastError {
  const settings = { ...DEFAULT_PREDICTOR_SETTINGS, windowSeconds };
  const chosen = selectPredictor(predictor, settings).predictor;
  const context = {
    islTokens: 3000,
    oslTokens: 150,
    windowSeconds,
    predictor: chosen,
  };
  const names = ["requestsPerSecond", "islTokens", "oslTokens"] as const;
  const errors = { requestsPerSecond: 0, islTokens: 0, oslTokens: 0 };
  const naive = { requestsPerSecond: 0, islTokens: 0, oslTokens: 0 };
  let history: TrafficHistory = EMPTY_HISTORY;
  let sum = 0;
  const times: number[] = [];
  for (const [i, window] of windows.entries()) {
    if (i >= UNJUDGED) {
      const expected = forecast(history, chosen, context);
      sum += window.requestsPerSecond;
      for (const field of names) {
        const seen = window[field];
        if (seen === undefined) continue;
        errors[field] += Math.abs(seen - expected[field]);
        naive[field] += Math.abs(seen - (history[field].at(-1) ?? 0));
      }
    }
    const start = performance.now();
    history = withWindow(history, window, context);
    forecast(history, chosen, context);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const ratio = (field: (typeof names)[number]) => errors[field] / naive[field];
  return {
    series: name,
    windows: windows.length,
    predictor,
    requestsRatio: ratio("requestsPerSecond"),
    islRatio: ratio("islTokens"),
    oslRatio: ratio("oslTokens"),
    relativeError: errors.requestsPerSecond / sum,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    longestMs: times.at(-1) ?? 0,
  };
}

/** Days one after the other, the last two of each seven at 60 %. */
export function generatedDays(
  { days, windowSeconds, seed }: {
    readonly days: number;
    readonly windowSeconds: number;
    readonly seed: number;
  },
): TrafficSeries {
  const windows = Array.from({ length: days }, (_, day) =>
    dayOfTraffic({
      seed: seed + day,
      windowSeconds,
      peakRequestsPerSecond: 60 * (day % 7 >= 5 ? 0.6 : 1),
    }).slice(1).map((window): TrafficWindow => ({
      requestsPerSecond: window.requests / windowSeconds,
      islTokens: window.islTokens,
      oslTokens: window.oslTokens,
      atMs: (day * 86_400 + window.atSeconds + windowSeconds) * 1000,
    }))).flat();
  return {
    name: `${days} generated days, ${windowSeconds} s`,
    windowSeconds,
    windows,
  };
}

/** A trace file in windows. */
export async function traceSeries(
  { name, path, windowSeconds }: {
    readonly name: string;
    readonly path: string;
    readonly windowSeconds: number;
  },
): Promise<TrafficSeries> {
  const trace = await readTrace({
    name: path,
    chunks: textChunks(path),
    windowSeconds,
  });
  return {
    name: `${name}, ${windowSeconds} s`,
    windowSeconds,
    windows: [...traceWindows(trace)].map((
      { requests = 0, islTokens, oslTokens, atMs },
    ) => ({
      requestsPerSecond: requests / windowSeconds,
      islTokens,
      oslTokens,
      atMs,
    })),
  };
}

/** Every predictor on every series that is here; `shared` is the folder with the traces, if there is one. */
export async function measureForecasts(
  shared: string | undefined,
): Promise<readonly ForecastError[]> {
  const series = [
    ...(shared === undefined ? [] : [
      await traceSeries({
        name: "Azure code",
        path: `${shared}/traces/azure_llm_2023_code.csv`,
        windowSeconds: 30,
      }),
      await traceSeries({
        name: "Mooncake synthetic",
        path: `${shared}/traces/mooncake_synthetic.jsonl`,
        windowSeconds: 30,
      }),
    ]),
    generatedDays({ days: 5, windowSeconds: 30, seed: 1 }),
    generatedDays({ days: 21, windowSeconds: 180, seed: 1 }),
  ];
  return series.flatMap((one) =>
    PREDICTOR_NAMES.map((name) => forecastError(one, name))
  );
}
