/** The capacity port over an estimator: batches, corrections, caps (`aic-engine.md` §7.5, R10, R16, R17). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import type {
  CapacityQuestion,
  OperatingPoint,
} from "../../../../planner/core/mod.ts";
import { capacityModel } from "../../../../planner/model/mod.ts";
import { type DoubleOptions, estimatorDouble } from "../estimator_double.ts";

const NEUTRAL = {
  powerPrefill: 1,
  powerDecode: 1,
  powerAgg: 1,
  ttft: 1,
  itl: 1,
};

function ask(
  change: Partial<CapacityQuestion>,
  options: DoubleOptions = {},
) {
  const estimator = estimatorDouble(options);
  const model = capacityModel({
    estimators: { prefill: estimator, decode: estimator, agg: estimator },
    usualIslTokens: 3000,
    usualOslTokens: 150,
  });
  return model.answer({
    side: "prefill",
    islTokens: 1000,
    oslTokens: 101,
    ttftMs: 1000,
    itlMs: 30,
    coefficients: NEUTRAL,
    caps: { kind: "own_draw" },
    ...change,
  });
}

function points(
  change: Partial<CapacityQuestion>,
  options: DoubleOptions = {},
): readonly [OperatingPoint, ...OperatingPoint[]] {
  const answer = ask(change, options);
  ok(answer.kind === "points", JSON.stringify(answer));
  return answer.points;
}

function near(found: number | undefined, wanted: number): void {
  ok(
    found !== undefined && Math.abs(found - wanted) < 1e-9 * wanted,
    `${found} instead of ${wanted}`,
  );
}

Deno.test("prefill: pass × 1.1, TTFT × 1.8 of it, rate × 0.9", () => {
  const [point] = points({});
  // Four prompts take 420 ms, 832 ms to the first token; six would be 1228 ms.
  strictEqual(point.batchSize, 4);
  near(point.ttftMs, 420 * 1.1 * 1.8);
  near(point.requestsPerSecond, 4 * 1000 / (420 * 1.1) * 0.9);
  strictEqual(point.itlMs, undefined);
});

Deno.test("prefill: the target is met with equality, and one millisecond less takes the next batch", () => {
  strictEqual(points({ ttftMs: 831.6001 })[0].batchSize, 4);
  strictEqual(points({ ttftMs: 831.5 })[0].batchSize, 3);
});

Deno.test("prefill: a prompt that no batch serves in time is infeasible by so many milliseconds", () => {
  const answer = ask({ islTokens: 10_000 });
  ok(answer.kind === "infeasible");
  deepStrictEqual([answer.constraint, answer.available, answer.unit], [
    "ttft_ms",
    1000,
    "ms",
  ]);
  near(answer.needed, 1020 * 1.1 * 1.8);
});

Deno.test("decode: the largest batch whose corrected step is in time, rate × 0.92", () => {
  // (10 + 0.1·b)·1.08 ≤ 30 → b ≤ 177; the batches are …, 168, 176, 184.
  const [point] = points({ side: "decode" });
  strictEqual(point.batchSize, 176);
  near(point.itlMs, (10 + 17.6) * 1.08);
  near(
    point.requestsPerSecond,
    176 * 1000 / ((10 + 17.6) * 1.08 * 100) * 0.92,
  );
});

Deno.test("decode: memory stops the batch before the target does", () => {
  const [point] = points({ side: "decode" }, { kvTokens: 1101 * 100 });
  strictEqual(point.batchSize, 100);
});

Deno.test("decode: not even one request in memory is infeasible by memory", () => {
  const answer = ask({ side: "decode" }, { kvTokens: 100 });
  ok(answer.kind === "infeasible");
  strictEqual(answer.constraint, "memory");
});

Deno.test("coefficients above 1 tighten the choice, below 1 they do not loosen it", () => {
  const plain = points({ side: "decode" })[0].batchSize;
  const slow = points({
    side: "decode",
    coefficients: { ...NEUTRAL, itl: 1.5 },
  });
  const fast = points({
    side: "decode",
    coefficients: { ...NEUTRAL, itl: 0.6 },
  });
  ok(slow[0].batchSize < plain);
  strictEqual(fast[0].batchSize, plain);
});

Deno.test("R10: the cap is the draw × the coefficient, upwards", () => {
  strictEqual(points({}, { prefillWatts: 480.2 })[0].capWatts, 481);
  const coefficients = { ...NEUTRAL, powerPrefill: 1.04 };
  strictEqual(points({ coefficients }, { prefillWatts: 480 })[0].capWatts, 500);
});

Deno.test("without power awareness there is no cap", () => {
  strictEqual(points({ caps: { kind: "none" } })[0].capWatts, undefined);
});

Deno.test("R17: the ladder falls to 0.7 × the own draw and not below", () => {
  const ladder = points({ caps: { kind: "ladder" } });
  const caps = ladder.map(({ capWatts }) => capWatts ?? 0);
  strictEqual(caps[0], 600);
  strictEqual(caps.at(-1), 420);
  ok(caps.every((cap, index) => index === 0 || cap < (caps[index - 1] ?? 0)));
});

Deno.test("R17: decode on Blackwell stops at 0.75", () => {
  const ladder = points({ side: "decode", caps: { kind: "ladder" } }, {
    system: "b200_sxm",
    decodeWatts: 600,
  });
  strictEqual(ladder.at(-1)?.capWatts, 450);
});

Deno.test("R17: a lower cap costs speed, and more watts are never slower", () => {
  const ladder = points({ side: "decode", caps: { kind: "ladder" } });
  for (const [index, point] of ladder.entries()) {
    const before = ladder[index - 1];
    if (!before) continue;
    ok(point.requestsPerSecond < before.requestsPerSecond);
    ok((point.itlMs ?? 0) <= 30);
  }
});

Deno.test("R17: the target is judged at the pessimistic end of the declared error", () => {
  // At 0.9 × the draw the error is ±4 %; a nominal latency between 30/1.04 and 30 is not enough.
  const ladder = points({ side: "decode", caps: { kind: "ladder" } });
  for (const { itlMs, capWatts } of ladder.slice(1)) {
    const error = (capWatts ?? 0) / 300 >= 0.8 ? 1.04 : 1.1;
    ok((itlMs ?? Infinity) * error <= 30 * (1 + 1e-9), `${itlMs}`);
  }
});

Deno.test("a fixed cap above the own draw costs nothing, below it costs speed", () => {
  const at = (capWatts: number) =>
    points({ side: "decode", caps: { kind: "fixed", capWatts } })[0];
  strictEqual(at(700).requestsPerSecond, at(300).requestsPerSecond);
  ok(at(250).requestsPerSecond < at(300).requestsPerSecond);
  near(at(700).drawWatts, 300);
  strictEqual(at(250).drawWatts, 250);
});

Deno.test("a fixed cap that the GPU does not take is moved into its range", () => {
  const low = points({
    side: "decode",
    caps: { kind: "fixed", capWatts: 20 },
  })[0];
  strictEqual(low.capWatts, 200);
});

Deno.test("aggregated workers: both targets, no disaggregation factors", () => {
  const [point] = points({ side: "agg" });
  strictEqual(point.ttftMs, 200);
  ok((point.itlMs ?? Infinity) <= 30);
  // 12 + 0.2·b ≤ 30 → b ≤ 90; the batches are …, 80, 96.
  strictEqual(point.batchSize, 80);
});

Deno.test("an estimator that fails is an answer with its code, not an exception", () => {
  const answer = ask({}, { failsWith: "not_measured" });
  ok(answer.kind === "no_answer");
  strictEqual(answer.code, "not_measured");
});

Deno.test("fractional, tiny and huge lengths are asked as whole tokens within bounds", () => {
  strictEqual(ask({ islTokens: 0.2, oslTokens: 0 }).kind, "points");
  strictEqual(ask({ islTokens: 1e30 }).kind, "infeasible");
  strictEqual(
    ask({ side: "decode", islTokens: 10, oslTokens: 1e30 }).kind,
    "infeasible",
  );
});

Deno.test("equal questions have equal answers, also from memory", () => {
  const estimator = estimatorDouble();
  const model = capacityModel({
    estimators: { decode: estimator },
    usualIslTokens: 1,
    usualOslTokens: 1,
  });
  const question: CapacityQuestion = {
    side: "decode",
    islTokens: 1000,
    oslTokens: 100,
    ttftMs: 500,
    itlMs: 30,
    coefficients: NEUTRAL,
    caps: { kind: "ladder" },
  };
  const first = model.answer(question);
  for (let isl = 1; isl < 40; isl++) {
    model.answer({ ...question, islTokens: isl });
  }
  deepStrictEqual(model.answer(question), first);
});
