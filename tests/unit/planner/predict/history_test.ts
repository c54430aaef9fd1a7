/** The traffic history and the constant predictor (P17, P18). @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import {
  CONSTANT_PREDICTOR,
  EMPTY_HISTORY,
  forecast,
  HISTORY_WINDOWS,
  meanLengths,
  NO_REQUESTS,
  PREDICTOR_NAMES,
  selectPredictor,
  type TrafficHistory,
  withRequest,
  withWindow,
} from "../../../../planner/predict/mod.ts";

const USUAL = { islTokens: 3000, oslTokens: 150 };

function historyOf(
  ...windows: readonly (readonly [number, number?, number?])[]
): TrafficHistory {
  return windows.reduce<TrafficHistory>(
    (history, [requestsPerSecond, islTokens, oslTokens]) =>
      withWindow(history, { requestsPerSecond, islTokens, oslTokens }, USUAL),
    EMPTY_HISTORY,
  );
}

Deno.test("constant: no data gives 0, else always the last value", () => {
  strictEqual(CONSTANT_PREDICTOR.next([]), 0);
  strictEqual(CONSTANT_PREDICTOR.next([5, 3]), 3);
});

Deno.test("leading idle windows store nothing in any series", () => {
  deepStrictEqual(historyOf([0], [0]), EMPTY_HISTORY);
});

Deno.test("later idle windows store 0 requests and repeat the last lengths", () => {
  deepStrictEqual(historyOf([10, 512, 128], [0], [0]), {
    requestsPerSecond: [10, 0, 0],
    islTokens: [512, 512, 512],
    oslTokens: [128, 128, 128],
  });
});

Deno.test("a first window without lengths takes the usual ones", () => {
  deepStrictEqual(historyOf([10]).islTokens, [3000]);
});

Deno.test("the forecast of an empty history is no traffic of the usual lengths", () => {
  deepStrictEqual(forecast(EMPTY_HISTORY, CONSTANT_PREDICTOR, USUAL), {
    requestsPerSecond: 0,
    ...USUAL,
    predictor: "constant",
  });
});

Deno.test("the history is bounded", () => {
  let history = EMPTY_HISTORY;
  for (let index = 1; index <= HISTORY_WINDOWS + 10; index++) {
    history = withWindow(history, {
      requestsPerSecond: index,
      islTokens: 1,
      oslTokens: 1,
    }, USUAL);
  }
  strictEqual(history.requestsPerSecond.length, HISTORY_WINDOWS);
  strictEqual(history.requestsPerSecond.at(-1), HISTORY_WINDOWS + 10);
});

Deno.test("every configured name has its predictor", () => {
  for (const name of PREDICTOR_NAMES) {
    const { predictor, asAsked } = selectPredictor(name);
    deepStrictEqual([predictor.name, asAsked], [name, true]);
  }
});

Deno.test("a window's lengths are the means of its requests, and unknown without any", () => {
  const sums = withRequest(withRequest(NO_REQUESTS, 100, 10), 300, 20);
  deepStrictEqual(meanLengths(sums), { islTokens: 200, oslTokens: 15 });
  deepStrictEqual(meanLengths(NO_REQUESTS), {
    islTokens: undefined,
    oslTokens: undefined,
  });
});
