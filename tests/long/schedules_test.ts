/** A hundred thousand random schedules: the long sister of `integration/proof/schedules_test.ts`. Memory must not grow over them. @module */

import assert from "node:assert/strict";
import { runMany } from "../../proof/mod.ts";

const SCHEDULES = Number(Deno.env.get("WATTKEEPER_SCHEDULES") ?? 100_000);
const SEED = Number(Deno.env.get("WATTKEEPER_SCHEDULES_SEED") ?? 100_000);
const WORKERS = Number(
  Deno.env.get("WATTKEEPER_SCHEDULES_WORKERS") ?? navigator.hardwareConcurrency,
);
/** Growth between the first tenth and the end that is no leak: heaps breathe. */
const MOST_GROWTH_BYTES = 200 * 1024 * 1024;

Deno.test(`${SCHEDULES} schedules from seed ${SEED} break no invariant, in bounded memory`, async () => {
  const startedMs = performance.now();
  const tenth = Math.ceil(SCHEDULES / 10);
  let earlyBytes: number | undefined;
  const result = await runMany({
    firstSeed: SEED,
    count: SCHEDULES,
    workers: WORKERS,
    progress: (done, failed) => {
      if (done % tenth !== 0) return;
      const { rss } = Deno.memoryUsage();
      earlyBytes ??= rss;
      const minutes = (performance.now() - startedMs) / 60_000;
      console.log(
        `${done} schedules, ${failed} failed, ${minutes.toFixed(1)} min, ${
          (rss / 2 ** 20).toFixed(0)
        } MiB resident`,
      );
    },
  });
  const minutes = (performance.now() - startedMs) / 60_000;
  console.log(
    `${result.count} schedules from seed ${SEED}, ${
      (result.simulatedMs / 3.6e6).toFixed(0)
    } simulated hours, ${result.checks} checks, longest time to rest ${
      result.longestRestMs / 1000
    } s, ${result.failures.length} violations, ${
      minutes.toFixed(1)
    } min on ${WORKERS} workers.`,
  );
  assert.deepEqual(
    result.failures.map(({ seed, violation }) => ({ seed, violation })),
    [],
  );
  const grownBytes = Deno.memoryUsage().rss - (earlyBytes ?? 0);
  assert(grownBytes < MOST_GROWTH_BYTES, `${grownBytes} bytes grown`);
});
