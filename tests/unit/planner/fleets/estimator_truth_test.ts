/** The truth of simulated engines, made of the performance model. @module */

import assert from "node:assert/strict";
import { estimatorTruth } from "../../../../planner/fleets/mod.ts";
import { estimatorDouble } from "../estimator_double.ts";

const TRUTH = estimatorTruth({
  prefill: estimatorDouble({ prefillWatts: 640 }),
  decode: estimatorDouble({ decodeWatts: 420, kvTokens: 400_000 }),
}, 110);

Deno.test("a prompt takes what the prefill estimator says, in steps of 64 tokens", () => {
  const { milliseconds, watts } = TRUTH.prefill(3_000);
  // 20 ms and 0.1 ms for each of 3,008 tokens.
  assert.equal(watts, 640);
  assert(Math.abs(milliseconds - 320.8) < 1e-9, `${milliseconds}`);
  assert.deepEqual(TRUTH.prefill(3_010), TRUTH.prefill(3_000));
});

Deno.test("a step takes what the decode estimator says of its batch", () => {
  const { milliseconds, watts } = TRUTH.decodeStep(30, 1_000);
  assert.deepEqual([milliseconds, watts], [13, 420]);
  assert.deepEqual(TRUTH.decodeStep(0, 1), TRUTH.decodeStep(1, 64));
});

Deno.test("a limit above the draw costs nothing, one below slows by the power curve, and never stops", () => {
  assert.equal(TRUTH.slowdown(700, 640, "prefill"), 1);
  const slow = TRUTH.slowdown(450, 640, "prefill");
  assert(slow > 1.05 && slow < 1.6, `${slow}`);
  assert(
    TRUTH.slowdown(450, 640, "prefill") > TRUTH.slowdown(550, 640, "prefill"),
  );
  assert.equal(TRUTH.slowdown(50, 640, "prefill"), 20);
});

Deno.test("a batch is as large as memory takes", () => {
  // 400,000 tokens hold 132 requests of 3,008 tokens and the two that they begin with.
  assert.equal(TRUTH.mostRequests(3_000), 132);
  assert.equal(TRUTH.idleWatts, 110);
});
