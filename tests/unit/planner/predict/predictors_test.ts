/** Every predictor: what it does without data, with little, and with whatever a source can say (P17, C32–C53). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  DEFAULT_PREDICTOR_SETTINGS,
  EMPTY_HISTORY,
  forecast,
  HISTORY_WINDOWS,
  type Predictor,
  PREDICTOR_NAMES,
  type PredictorSettings,
  selectPredictor,
  type SeriesMemory,
  type TrafficHistory,
  withWindow,
} from "../../../../planner/predict/mod.ts";
import { nearlyNormal, seededRandom } from "../../../../simulator/mod.ts";

const USUAL = { islTokens: 3000, oslTokens: 150 };

function predictorOf(
  name: Predictor["name"],
  settings: Partial<PredictorSettings> = {},
): Predictor {
  return selectPredictor(name, { ...DEFAULT_PREDICTOR_SETTINGS, ...settings })
    .predictor;
}

/** One-step forecasts after each value, learned value by value. */
function stepwise(predictor: Predictor, series: readonly number[]): number[] {
  let memory: SeriesMemory | undefined;
  return series.map((_, i) => {
    const so = series.slice(0, i + 1);
    memory = predictor.learn(
      { series: so, windows: 1, atMs: undefined },
      memory,
    );
    return predictor.next(so, memory);
  });
}

function historyOf(
  requests: readonly number[],
  predictor?: Predictor,
): TrafficHistory {
  return requests.reduce<TrafficHistory>(
    (history, requestsPerSecond) =>
      withWindow(history, {
        requestsPerSecond,
        islTokens: 512,
        oslTokens: 128,
      }, predictor ? { ...USUAL, predictor } : USUAL),
    EMPTY_HISTORY,
  );
}

const value = fc.oneof(
  fc.double({ min: 0, max: 1e4, noNaN: true }),
  fc.constantFrom(0, 0, 1e-300, 1e12, Number.MAX_VALUE, NaN, -5, Infinity),
);

for (const name of PREDICTOR_NAMES) {
  for (const log1p of [false, true]) {
    const predictor = predictorOf(name, { log1p, windowSeconds: 3600 });
    const what = `${name}${log1p ? " on log(1 + x)" : ""}`;

    Deno.test(`${what} predicts 0 without data`, () => {
      strictEqual(predictor.next([]), 0);
      strictEqual(
        forecast(EMPTY_HISTORY, predictor, USUAL).requestsPerSecond,
        0,
      );
    });

    Deno.test(`${what} predicts the last of fewer than five values`, () => {
      if (name === "seasonal") return;
      strictEqual(predictor.next([3, 9, 4, 7]), 7);
      strictEqual(stepwise(predictor, [3, 9, 4, 7]).at(-1), 7);
    });

    Deno.test(`${what} keeps to a constant series`, () => {
      const series = Array.from({ length: 60 }, () => 42);
      for (const next of stepwise(predictor, series)) {
        ok(Math.abs(next - 42) < 1e-6, `${next}`);
      }
    });

    Deno.test(`${what} never goes below 0 on a decline to 0`, () => {
      const series = Array.from(
        { length: 40 },
        (_, i) => Math.max(0, 100 - 5 * i),
      );
      for (const next of stepwise(predictor, series)) ok(next >= 0);
    });

    Deno.test(`${what} is finite, at least 0 and at most twice what was seen, whatever the source says`, () => {
      fc.assert(
        fc.property(fc.array(value, { maxLength: 60 }), (requests) => {
          let history = EMPTY_HISTORY;
          for (const requestsPerSecond of requests) {
            history = withWindow(history, {
              requestsPerSecond,
              islTokens: requestsPerSecond,
              oslTokens: requestsPerSecond,
            }, { ...USUAL, predictor });
            const next = forecast(history, predictor, USUAL);
            const most = Math.max(0, ...history.requestsPerSecond);
            ok(
              next.requestsPerSecond >= 0 &&
                next.requestsPerSecond <= 2 * most,
              `${next.requestsPerSecond} after ${requests}`,
            );
            ok(next.islTokens >= 1 && Number.isFinite(next.islTokens));
            ok(next.oslTokens >= 0 && Number.isFinite(next.oslTokens));
          }
        }),
        { numRuns: 40 },
      );
    });

    Deno.test(`${what} is deterministic, and its memory survives in JSON`, () => {
      const series = Array.from(
        { length: 90 },
        (_, i) => 50 + 30 * Math.sin(i / 5) + (i * 7919) % 13,
      );
      const through = historyOf(series, predictor);
      const saved: TrafficHistory = JSON.parse(
        JSON.stringify(historyOf(series.slice(0, 60), predictor)),
      );
      const resumed = series.slice(60).reduce<TrafficHistory>(
        (history, requestsPerSecond) =>
          withWindow(history, {
            requestsPerSecond,
            islTokens: 512,
            oslTokens: 128,
          }, { ...USUAL, predictor }),
        saved,
      );
      deepStrictEqual(
        forecast(resumed, predictor, USUAL),
        forecast(through, predictor, USUAL),
      );
    });
  }
}

Deno.test("a memory of other settings is not used", () => {
  const before = historyOf([1, 2, 3, 4, 5, 6, 7, 8], predictorOf("kalman"));
  const other = predictorOf("kalman", { log1p: true });
  strictEqual(
    forecast(before, other, USUAL).requestsPerSecond,
    other.next(before.requestsPerSecond),
  );
});

Deno.test("the history and every memory are bounded", () => {
  for (const name of PREDICTOR_NAMES) {
    if (name === "arima" || name === "ets") continue;
    const predictor = predictorOf(name, { windowSeconds: 30 });
    const sizes = [HISTORY_WINDOWS + 900, HISTORY_WINDOWS + 1800].map((n) => {
      const series = Array.from({ length: n }, (_, i) => 1 + i % 7);
      const { requestsPerSecond, learned } = historyOf(series, predictor);
      strictEqual(requestsPerSecond.length, HISTORY_WINDOWS);
      return JSON.stringify(learned).length;
    });
    ok((sizes[1] ?? 0) < 1.2 * (sizes[0] ?? 0), `${name}: ${sizes}`);
    ok((sizes[1] ?? 0) < 60_000, `${name}: ${sizes}`);
  }
});

Deno.test("kalman answers the last value until its min points, then its level and trend", () => {
  const predictor = predictorOf("kalman", {
    kalman: { qLevel: 1, qTrend: 0.1, r: 10, minPoints: 3 },
  });
  const [first, second, third] = stepwise(predictor, [10, 20, 30]);
  deepStrictEqual([first, second], [10, 20]);
  ok((third ?? 0) > 30, `${third} follows the trend`);
});

Deno.test("kalman follows the filter's equations", () => {
  // By hand: P = [[1000, 0], [0, 1000]], then one step with q = (1, 0.1), r = 10 from 10 to 20.
  const a00 = 1000 + 1000 + 1;
  const gain = [a00 / (a00 + 10), 1000 / (a00 + 10)];
  const predictor = predictorOf("kalman", {
    kalman: { qLevel: 1, qTrend: 0.1, r: 10, minPoints: 2 },
  });
  const expected = 10 + (gain[0] ?? 0) * 10 + (gain[1] ?? 0) * 10;
  ok(Math.abs(predictor.next([10, 20]) - expected) < 1e-9);
});

Deno.test("arima finds the coefficient of an autoregressive series", () => {
  const ratio = errorRatio(predictorOf("arima"), autoregressive(600, 0.5));
  // The best possible forecast errs √((1 + 0.5) / 2) ≈ 0.87 of the naive one.
  ok(ratio < 0.92, `${ratio}`);
});

Deno.test("arima undoes an alternation that the last value always misses", () => {
  const series = Array.from({ length: 80 }, (_, i) => 100 + (i % 2) * 20);
  const [next] = stepwise(predictorOf("arima"), series).slice(-1);
  ok(Math.abs((next ?? 0) - 100) < 3, `${next}`);
});

Deno.test("ets follows a trend, and does not without one", () => {
  const ramp = Array.from({ length: 60 }, (_, i) => 10 + 3 * i);
  const next = stepwise(predictorOf("ets"), ramp).at(-1) ?? 0;
  ok(Math.abs(next - (10 + 3 * 60)) < 1, `${next}`);
  const noise = autoregressive(200, 0);
  ok(errorRatio(predictorOf("ets"), noise) < 0.85);
});

Deno.test("ets finds a season by itself", () => {
  const series = Array.from(
    { length: 240 },
    (_, i) => 100 + 40 * Math.sin(2 * Math.PI * i / 12),
  );
  const predictor = predictorOf("ets", { windowSeconds: 30 });
  ok(errorRatio(predictor, series) < 0.2);
});

Deno.test("seasonal knows tomorrow morning after three days, and a weekend after three weeks", () => {
  const predictor = predictorOf("seasonal", { windowSeconds: 1800 });
  const day = (index: number) =>
    Array.from(
      { length: 48 },
      (_, i) => (index % 7 >= 5 ? 0.5 : 1) * (i < 16 ? 10 : 100),
    );
  const series = Array.from({ length: 24 }, (_, i) => day(i)).flat();
  const forecasts = stepwise(predictor, series);
  const jump = (index: number) => forecasts[index * 48 + 15] ?? 0;
  ok(jump(0) < 20, "the first morning is not foreseen");
  ok(jump(3) > 80, `the fourth is: ${jump(3)}`);
  ok(Math.abs(jump(19) - 50) < 15, `the third Saturday is half: ${jump(19)}`);
});

Deno.test("seasonal counts windows that are missing", () => {
  const predictor = predictorOf("seasonal", { windowSeconds: 3600 });
  const context = { ...USUAL, predictor, windowSeconds: 3600 };
  let history = EMPTY_HISTORY;
  for (let hour = 0; hour < 24 * 6; hour++) {
    // Three hours of the last day are unknown.
    if (hour >= 24 * 5 + 2 && hour < 24 * 5 + 5) continue;
    if (hour > 24 * 5 + 7) break;
    history = withWindow(history, {
      requestsPerSecond: hour % 24 < 8 ? 10 : 100,
      islTokens: 512,
      oslTokens: 128,
      atMs: (hour + 1) * 3_600_000,
    }, context);
  }
  const next = forecast(history, predictor, USUAL).requestsPerSecond;
  ok(next > 60, `08:00 is foreseen at 08:00: ${next}`);
});

/** Deterministic noise around 100. */
function autoregressive(length: number, phi: number): number[] {
  const random = seededRandom(7);
  let deviation = 0;
  return Array.from({ length }, () => {
    deviation = phi * deviation + 5 * nearlyNormal(random);
    return 100 + deviation;
  });
}

/** Mean absolute error over the second half, as a share of the naive last value's. */
function errorRatio(predictor: Predictor, series: readonly number[]): number {
  const forecasts = stepwise(predictor, series);
  let [error, naive] = [0, 0];
  for (let i = Math.floor(series.length / 2); i < series.length; i++) {
    error += Math.abs((series[i] ?? 0) - (forecasts[i - 1] ?? 0));
    naive += Math.abs((series[i] ?? 0) - (series[i - 1] ?? 0));
  }
  return error / naive;
}
