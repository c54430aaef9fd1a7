/** Streams of requests: the same however time is cut, at the rate that was asked for. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Arrivals,
  EventHeap,
  exponential,
  FinishHeap,
  LatencyHistogram,
  type RequestStream,
  seededRandom,
  WindowedStream,
} from "../../../../simulator/mod.ts";

const UNUSED = { requestsPerSecond: 0, islTokens: 1, oslTokens: 1 };

/** Times and lengths of everything until a time, asked for in steps of some lengths. */
function drained(stream: RequestStream, stepsMs: readonly number[]) {
  const seen: string[] = [];
  let nowMs = 0;
  for (const stepMs of stepsMs) {
    stream.open(nowMs, nowMs + stepMs, UNUSED);
    nowMs += stepMs;
    while (stream.nextMs < Infinity) {
      assert(stream.nextMs < nowMs);
      seen.push(`${stream.nextMs} ${stream.islTokens} ${stream.oslTokens}`);
      stream.advance();
    }
  }
  return seen;
}

function stream(course: (atSeconds: number) => Arrivals): RequestStream {
  return new WindowedStream({
    random: seededRandom(9),
    windowSeconds: 60,
    course,
  });
}

Deno.test("requests are the same however the world cuts its time", () => {
  const course = (atSeconds: number) => ({
    requestsPerSecond: 1 + atSeconds / 600,
    islTokens: 500,
    oslTokens: 50,
  });
  const whole = drained(stream(course), [600_000]);
  assert(whole.length > 600);
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1 }),
    (stepsMs) => {
      const total = stepsMs.reduce((sum, one) => sum + one, 0);
      const steps = total < 600_000 ? [...stepsMs, 600_000 - total] : [600_000];
      assert.deepEqual(drained(stream(course), steps), whole);
    },
  ));
});

Deno.test("the rate is the course's, window by window", () => {
  const course = (atSeconds: number) => ({
    requestsPerSecond: atSeconds < 3_600 ? 2 : 20,
    islTokens: 100,
    oslTokens: 10,
  });
  const times = drained(stream(course), [7_200_000])
    .map((line) => Number(line.split(" ")[0]));
  const early = times.filter((time) => time < 3_600_000).length;
  assert(Math.abs(early - 7_200) < 4 * Math.sqrt(7_200), `${early}`);
  const late = times.length - early;
  assert(Math.abs(late - 72_000) < 4 * Math.sqrt(72_000), `${late}`);
});

Deno.test("exponential variates have the mean, the deviation and the tail of their kind", () => {
  const random = seededRandom(4);
  const values = Array.from({ length: 200_000 }, () => exponential(random));
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const square = values.reduce((sum, one) => sum + one * one, 0) /
    values.length;
  assert(Math.abs(mean - 1) < 0.01, `${mean}`);
  assert(Math.abs(square - 2) < 0.05, `${square}`);
  const beyond = values.filter((one) => one > Math.LN10).length /
    values.length;
  assert(Math.abs(beyond - 0.1) < 0.004, `${beyond}`);
});

Deno.test("the heap gives events in the order of time, equal times as they came", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean())),
    (plan) => {
      const heap = new EventHeap();
      const model: { atMs: number; code: number }[] = [];
      plan.forEach(([atMs, takes], code) => {
        heap.push(atMs, code);
        model.push({ atMs, code });
        model.sort((a, b) => a.atMs - b.atMs || a.code - b.code);
        assert.equal(heap.firstMs, model[0]!.atMs);
        if (takes) assert.equal(heap.pop(), model.shift()!.code);
      });
      for (const { code } of model) assert.equal(heap.pop(), code);
      assert.equal(heap.pop(), -1);
    },
  ));
});

Deno.test("a batch ends by steps, whoever is taken out in between", () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat(50), fc.nat(100))),
    (plan) => {
      const heap = new FinishHeap();
      let model: { step: number; id: number }[] = [];
      plan.forEach(([step, out], id) => {
        heap.push(step, id);
        model.push({ step, id });
        if (out % 3 === 0) {
          const index = out % heap.size;
          const gone = heap.idAt(index);
          heap.removeAt(index);
          model = model.filter((one) => one.id !== gone);
        }
      });
      const steps = model.map(({ step }) => step).sort((a, b) => a - b);
      for (const step of steps) {
        assert.equal(heap.firstStep, step);
        heap.pop();
      }
      assert.equal(heap.size, 0);
    },
  ));
});

Deno.test("percentiles are within the width of a bucket of the true ones", () => {
  fc.assert(fc.property(
    fc.array(fc.double({ min: 0.05, max: 1e6, noNaN: true }), {
      minLength: 1,
    }),
    fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1),
    (values, share) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.add(value);
      const sorted = values.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
      const found = histogram.quantile(share)!;
      assert(Math.abs(found - exact) <= exact / 128, `${found} ${exact}`);
    },
  ));
  assert.equal(new LatencyHistogram().quantile(0.5), undefined);
});
