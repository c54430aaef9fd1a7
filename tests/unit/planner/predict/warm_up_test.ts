/** Warm-up traces and the signals that are carried, not predicted (P19, P20, C37, C38, C54–C60). @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import {
  EMPTY_HISTORY,
  usableAcceptLength,
  usableHitRate,
  warmUp,
  type WindowSums,
  withSignals,
  withWindow,
} from "../../../../planner/predict/mod.ts";

const USUAL = { islTokens: 3000, oslTokens: 150 };
const sums = (requests: number): WindowSums => ({
  requests,
  inputTokens: requests * 512,
  outputTokens: requests * 128,
});

Deno.test("a trace fills the three series, idle windows between included", () => {
  const warm = warmUp(EMPTY_HISTORY, {
    windows: new Map([[-1, sums(10)], [2, sums(20)]]),
    windowSeconds: 10,
  }, USUAL);
  deepStrictEqual(warm.requestsPerSecond, [1, 0, 0, 2]);
  deepStrictEqual(warm.islTokens, [512, 512, 512, 512]);
  deepStrictEqual(warm.oslTokens, [128, 128, 128, 128]);
});

Deno.test("after a warm-up idle windows are skipped until traffic comes, then kept", () => {
  const warm = warmUp(EMPTY_HISTORY, {
    windows: new Map([[0, sums(10)]]),
    windowSeconds: 10,
  }, USUAL);
  const idle = {
    requestsPerSecond: 0,
    islTokens: undefined,
    oslTokens: undefined,
  };
  const waiting = withWindow(withWindow(warm, idle, USUAL), idle, USUAL);
  deepStrictEqual(waiting, warm);
  const live = withWindow(waiting, { ...idle, requestsPerSecond: 3 }, USUAL);
  const after = withWindow(live, idle, USUAL);
  deepStrictEqual(after.requestsPerSecond, [1, 3, 0]);
  deepStrictEqual(after.islTokens, [512, 512, 512]);
});

Deno.test("an empty trace warms nothing up", () => {
  deepStrictEqual(
    warmUp(EMPTY_HISTORY, { windows: new Map(), windowSeconds: 10 }, USUAL),
    EMPTY_HISTORY,
  );
});

Deno.test("what is not finite or negative is stored as 0", () => {
  const history = [5, NaN, -1, Infinity].reduce(
    (so, requestsPerSecond) =>
      withWindow(
        so,
        { requestsPerSecond, islTokens: 512, oslTokens: 128 },
        USUAL,
      ),
    EMPTY_HISTORY,
  );
  deepStrictEqual(history.requestsPerSecond, [5, 0, 0, 0]);
});

Deno.test("the hit rate keeps its last valid value and discounts nothing before it", () => {
  strictEqual(usableHitRate({}), 0);
  const seen = withSignals({}, { kvHitRate: 0.8, acceptLength: undefined });
  const later = [undefined, NaN].reduce(
    (carried, kvHitRate) =>
      withSignals(carried, { kvHitRate, acceptLength: undefined }),
    seen,
  );
  strictEqual(usableHitRate(later), 0.8);
  strictEqual(usableHitRate({ kvHitRate: 1.4 }), 0.95);
  strictEqual(usableHitRate({ kvHitRate: -0.2 }), 0);
});

Deno.test("the accept length stays within the drafts, and the model card wins", () => {
  const carried = { acceptLength: 4.5 };
  const length = (configured: number, modelCard?: number) =>
    usableAcceptLength(carried, { configured, modelCard });
  strictEqual(length(2), 3);
  strictEqual(length(4, 1), 2);
  strictEqual(length(0), 1);
  strictEqual(length(4, 0), 1);
  strictEqual(
    usableAcceptLength({}, { configured: 4, modelCard: undefined }),
    1,
  );
  strictEqual(
    usableAcceptLength({ acceptLength: 0.2 }, {
      configured: 2,
      modelCard: undefined,
    }),
    1,
  );
});

Deno.test("a missing accept length keeps the previous one", () => {
  const seen = withSignals({}, { kvHitRate: undefined, acceptLength: 2.5 });
  strictEqual(
    withSignals(seen, { kvHitRate: undefined, acceptLength: undefined })
      .acceptLength,
    2.5,
  );
});
