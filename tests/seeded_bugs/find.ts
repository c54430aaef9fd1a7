/** Runs schedules until one fails: `deno run -A find.ts FIRST_SEED COUNT`; what it found, as JSON, on standard output. @module */

import { generateSchedule, runSchedule } from "../../proof/mod.ts";

const [firstSeed = 1, count = 1] = Deno.args.map(Number);
let found: { seed: number; invariant: string; hash: string } | undefined;
let schedules = 0;
for (let seed = firstSeed; seed < firstSeed + count && !found; seed++) {
  schedules++;
  const { violation, hash } = await runSchedule(generateSchedule(seed));
  if (violation) found = { seed, invariant: violation.invariant, hash };
}
console.log(JSON.stringify({ ...found, schedules }));
