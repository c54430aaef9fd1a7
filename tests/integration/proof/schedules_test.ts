/** Two thousand random schedules of faults, in workers: no invariant is ever broken, and every fleet comes to rest. @module */

import assert from "node:assert/strict";
import { runMany } from "../../../proof/mod.ts";

const SCHEDULES = Number(Deno.env.get("WATTKEEPER_SCHEDULES") ?? 2_000);
const SEED = Number(Deno.env.get("WATTKEEPER_SCHEDULES_SEED") ?? 1);

Deno.test(`${SCHEDULES} schedules from seed ${SEED} break no invariant`, async () => {
  const result = await runMany({
    firstSeed: SEED,
    count: SCHEDULES,
    workers: navigator.hardwareConcurrency,
  });
  assert.deepEqual(
    result.failures.map(({ seed, violation }) => ({ seed, violation })),
    [],
  );
  assert.equal(result.count, SCHEDULES);
});
