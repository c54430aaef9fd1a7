import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { RateLimit } from "../../../cluster/rate_limit.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("a burst goes at once, the rest at the rate", () => {
  const limit = new RateLimit(new VirtualClock(), {
    requestsPerSecond: 10,
    burst: 3,
  });
  const waits = Array.from({ length: 6 }, () => limit.take(60_000));
  deepStrictEqual(waits, [0, 0, 0, 100, 200, 300]);
});

Deno.test("a pause fills the bucket, and no further than the burst", () => {
  const clock = new VirtualClock();
  const limit = new RateLimit(clock, { requestsPerSecond: 10, burst: 2 });
  limit.take(0);
  limit.take(0);
  clock.advance(3_600_000);
  deepStrictEqual([limit.take(1e9), limit.take(1e9), limit.take(1e9)], [
    0,
    0,
    100,
  ]);
});

Deno.test("a turn that would come too late is not taken from those who wait longer", () => {
  const limit = new RateLimit(new VirtualClock(), {
    requestsPerSecond: 1,
    burst: 1,
  });
  strictEqual(limit.take(0), 0);
  strictEqual(limit.take(999), undefined);
  strictEqual(limit.take(1_000), 1_000);
});

Deno.test("whatever is asked for, no window has more turns than burst and rate allow", () => {
  fc.assert(fc.property(
    fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 60 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 10 }),
    (pausesMs, requestsPerSecond, burst) => {
      const clock = new VirtualClock();
      const limit = new RateLimit(clock, { requestsPerSecond, burst });
      const turnsMs: number[] = [];
      for (const pauseMs of pausesMs) {
        clock.advance(pauseMs);
        const waitMs = limit.take(1e9);
        turnsMs.push(clock.now() + (waitMs ?? NaN));
      }
      for (const [i, fromMs] of turnsMs.entries()) {
        for (const [j, toMs] of turnsMs.entries()) {
          if (j < i) continue;
          const allowed = burst + (toMs - fromMs) / 1000 * requestsPerSecond;
          ok(j - i + 1 <= allowed + 1e-6, `${i}–${j}: ${turnsMs}`);
        }
      }
    },
  ));
});
