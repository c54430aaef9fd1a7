/** One timer for all calls: each is given up in its own time, and none keeps the process alive. @module */

import { deepStrictEqual, strictEqual } from "node:assert";
import { Watchdog } from "../../../agent/nvml/watchdog.ts";
import { VirtualClock } from "../cluster/virtual_clock.ts";

/** Lets what is ready run. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("each call is given up after its own time, by one timer", async () => {
  const clock = new VirtualClock();
  const watchdog = new Watchdog(clock, 100);
  const expired: string[] = [];
  watchdog.watch(() => expired.push("a"));
  clock.advance(40);
  watchdog.watch(() => expired.push("b"));
  const done = watchdog.watch(() => expired.push("c"));
  deepStrictEqual(clock.pendingMs, [60]);
  watchdog.done(done);
  clock.advance(60);
  await settle();
  deepStrictEqual(expired, ["a"]);
  clock.advance(39);
  await settle();
  deepStrictEqual(expired, ["a"]);
  clock.advance(1);
  await settle();
  deepStrictEqual(expired, ["a", "b"]);
  clock.advance(1_000);
  await settle();
  deepStrictEqual(clock.pendingMs, []);
});

Deno.test("a call after a quiet time has its whole time", async () => {
  const clock = new VirtualClock();
  const watchdog = new Watchdog(clock, 100);
  watchdog.done(watchdog.watch(() => {}));
  clock.advance(90);
  let expired = false;
  watchdog.watch(() => expired = true);
  clock.advance(99);
  await settle();
  strictEqual(expired, false);
  clock.advance(1);
  await settle();
  strictEqual(expired, true);
});

Deno.test("at rest no timer is left; with a call under way it stays", async () => {
  const clock = new VirtualClock();
  const watchdog = new Watchdog(clock, 100);
  const call = watchdog.watch(() => {});
  watchdog.rest();
  strictEqual(clock.pendingMs.length, 1);
  watchdog.done(call);
  watchdog.rest();
  await settle();
  deepStrictEqual(clock.pendingMs, []);
  let expired = false;
  watchdog.watch(() => expired = true);
  clock.advance(100);
  await settle();
  strictEqual(expired, true, "and it watches on");
});
