/** A hundred thousand random schedules: the long sister of `integration/proof/schedules_test.ts`. Memory must not grow over them. @module */

import assert from "node:assert/strict";
import { runMany } from "../../proof/mod.ts";

const SCHEDULES = Number(Deno.env.get("WATTKEEPER_SCHEDULES") ?? 100_000);
const SEED = Number(Deno.env.get("WATTKEEPER_SCHEDULES_SEED") ?? 100_000);
/** Growth between the first tenth and the end that is no leak: heaps breathe. */
const MOST_GROWTH_BYTES = 200 * 1024 * 1024;

Deno.test(`${SCHEDULES} schedules from seed ${SEED} break no invariant, in bounded memory`, async () => {
  let earlyBytes: number | undefined;
  const result = await runMany({
    firstSeed: SEED,
    count: SCHEDULES,
    workers: navigator.hardwareConcurrency,
    progress: (done) => {
      if (done === Math.ceil(SCHEDULES / 10)) {
        earlyBytes = Deno.memoryUsage().rss;
      }
    },
  });
  assert.deepEqual(
    result.failures.map(({ seed, violation }) => ({ seed, violation })),
    [],
  );
  const grownBytes = Deno.memoryUsage().rss - (earlyBytes ?? 0);
  assert(grownBytes < MOST_GROWTH_BYTES, `${grownBytes} bytes grown`);
  console.log(
    `${result.count} schedules, ${
      (result.simulatedMs / 3.6e6).toFixed(0)
    } simulated hours, ${result.checks} checks: no violation.`,
  );
});
