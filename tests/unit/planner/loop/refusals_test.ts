/** Refused writes: asked for more and more rarely, and without a Lease PUT for nothing. @module */

import assert from "node:assert/strict";
import type { Step } from "../../../../planner/core/mod.ts";
import { alwaysSafe } from "../../../../planner/loop/mod.ts";
import { Refusals } from "../../../../planner/loop/refusals.ts";

const lease = (budgetWatts = 4000): Step => ({
  kind: "lease",
  epoch: 1,
  budgetWatts,
  resourceVersion: "1",
});
const up: Step = {
  kind: "scale",
  side: "decode",
  replicas: 2,
  fromReplicas: 1,
};
const down: Step = { ...up, side: "prefill", replicas: 0 };
const REFUSED = { kind: "refused", reason: "forbidden" } as const;
const DONE = { kind: "done" } as const;

function refusedOnce() {
  const refusals = new Refusals();
  refusals.settled(lease(), DONE, 0);
  refusals.settled(up, REFUSED, 0);
  return refusals;
}

Deno.test("a refused write waits, and the Lease PUT that was for it alone", () => {
  const refusals = refusedOnce();
  assert.deepEqual(refusals.due([lease(), up], 999, alwaysSafe), []);
  assert.deepEqual(refusals.due([lease(), up], 1000, alwaysSafe), [
    lease(),
    up,
  ]);
});

Deno.test("each refusal doubles the pause, up to 30 s", () => {
  const refusals = refusedOnce();
  let nowMs = 0;
  for (const pauseMs of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    refusals.settled(up, REFUSED, nowMs);
    assert.equal(refusals.due([up], nowMs + pauseMs - 1, alwaysSafe).length, 0);
    assert.equal(refusals.due([up], nowMs + pauseMs, alwaysSafe).length, 1);
    nowMs += pauseMs;
  }
});

Deno.test("a new budget goes into the Lease whatever is refused", () => {
  const refusals = refusedOnce();
  assert.deepEqual(refusals.due([lease(3000), up], 10, alwaysSafe), [
    lease(3000),
  ]);
});

Deno.test("what was not refused is sent, with its Lease PUT", () => {
  const refusals = refusedOnce();
  const other: Step = { ...up, side: "prefill", replicas: 3 };
  assert.deepEqual(refusals.due([lease(), up, other], 10, alwaysSafe), [
    lease(),
    other,
  ]);
});

Deno.test("a step that never adds a watt waits a second at most", () => {
  const refusals = new Refusals();
  for (let time = 0; time < 5; time++) refusals.settled(down, REFUSED, 0);
  assert.equal(refusals.due([down], 999, alwaysSafe).length, 0);
  assert.equal(refusals.due([down], 1000, alwaysSafe).length, 1);
});

Deno.test("a write that lands ends its pauses", () => {
  const refusals = refusedOnce();
  refusals.settled(up, DONE, 1000);
  assert.equal(refusals.due([up], 1001, alwaysSafe).length, 1);
});
