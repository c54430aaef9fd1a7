/** A question within its time: what answers at once needs no timer, what does not is cancelled. @module */

import assert from "node:assert/strict";
import { WorldClock } from "../../../../planner/environments/mod.ts";
import { inTime } from "../../../../planner/loop/in_time.ts";

function asked() {
  const world = {
    nowMs: 0,
    advance(milliseconds: number) {
      this.nowMs += milliseconds;
    },
  };
  const clock = new WorldClock(world, 0);
  const slept: number[] = [];
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (milliseconds, signal) => {
    slept.push(milliseconds);
    return sleep(milliseconds, signal);
  };
  const stop = new AbortController();
  return {
    clock,
    slept,
    stop,
    on: { clock, timeoutMs: 1_000, signal: stop.signal },
  };
}

Deno.test("an answer from memory is heard without a timer, and leaves nothing to cancel", async () => {
  const it = asked();
  let cancelled: AbortSignal | undefined;
  const answer = await inTime((cancel) => {
    cancelled = cancel;
    return Promise.resolve(7);
  }, it.on);
  assert.equal(answer, 7);
  assert.deepEqual(it.slept, []);
  it.stop.abort();
  assert.equal(cancelled?.aborted, false);
});

Deno.test("an answer within the time is heard, and its question is over then", async () => {
  const it = asked();
  let cancelled: AbortSignal | undefined;
  const answer = inTime((cancel) => {
    cancelled = cancel;
    return it.clock.sleep(500).then(() => "late");
  }, it.on);
  await it.clock.runTo(600);
  assert.equal(await answer, "late");
  assert.equal(cancelled?.aborted, true);
});

Deno.test("without an answer in time there is none, and the question is cancelled", async () => {
  const it = asked();
  let cancelled: AbortSignal | undefined;
  const answer = inTime((cancel) => {
    cancelled = cancel;
    return new Promise(() => {});
  }, it.on);
  await it.clock.runTo(999);
  assert.equal(cancelled?.aborted, false);
  await it.clock.runTo(1_000);
  assert.equal(await answer, undefined);
  assert.equal(cancelled?.aborted, true);
});

Deno.test("a stop ends the wait early, with its reason", async () => {
  const it = asked();
  const reason = new Error("The planner stops.");
  let cancelled: AbortSignal | undefined;
  const answer = inTime((cancel) => {
    cancelled = cancel;
    return new Promise(() => {});
  }, it.on);
  await it.clock.runTo(10);
  it.stop.abort(reason);
  assert.equal(await answer, undefined);
  assert.equal(cancelled?.reason, reason);
});

Deno.test("what the answer throws is thrown", async () => {
  const it = asked();
  await assert.rejects(
    inTime(() => Promise.reject(new Error("no")), it.on),
    /no/,
  );
});
