/** R18: the thresholds that a configuration implies. @module */

import { ok, strictEqual } from "node:assert";
import fc from "fast-check";
import {
  impliedThetaDecode,
  impliedThetaPrefill,
  prefillTokensOf,
} from "../../../../planner/core/mod.ts";

Deno.test("R18: 12 · (2048 + 512/2) / 200000 = 0.138", () => {
  strictEqual(
    impliedThetaDecode({
      concurrency: 12,
      islTokens: 2048,
      oslTokens: 512,
      kvTokens: 200_000,
    })?.toFixed(3),
    "0.138",
  );
});

Deno.test("R18: (1000/620) / (1000/400) = 0.645", () => {
  strictEqual(
    impliedThetaPrefill({
      requestsPerSecond: 1000 / 620,
      isolatedTtftMs: 400,
    })?.toFixed(3),
    "0.645",
  );
});

Deno.test("R18: ⌈0.65 · 8192⌉ = 5325, and a whole product is not rounded up", () => {
  strictEqual(prefillTokensOf(0.65, 8192), 5325);
  strictEqual(prefillTokensOf(0.5, 8192), 4096);
});

Deno.test("R18: thresholds lie in 0…1, or are unknown", () => {
  const anything = fc.oneof(
    fc.double(),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(anything, anything, anything, anything, (a, b, c, d) => {
      for (
        const theta of [
          impliedThetaDecode({
            concurrency: a,
            islTokens: b,
            oslTokens: c,
            kvTokens: d,
          }),
          impliedThetaPrefill({ requestsPerSecond: a, isolatedTtftMs: b }),
        ]
      ) ok(theta === undefined || theta >= 0 && theta <= 1);
    }),
  );
});
