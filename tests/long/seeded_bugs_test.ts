/** Each seeded bug is found within a thousand schedules. Hours on one core, most of them for the last few. @module */

import assert from "node:assert/strict";
import { searchAll, WITHIN_SCHEDULES } from "../seeded_bugs/main.ts";

Deno.test(`each seeded bug is found within ${WITHIN_SCHEDULES} schedules`, async () => {
  assert.deepEqual(await searchAll(console.log), []);
});
