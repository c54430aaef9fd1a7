/** Seeded bugs, each by the seed that is known to find it; the search over all of them is in `tests/long`. @module */

import assert from "node:assert/strict";
import { BrokenTree } from "../../seeded_bugs/broken_tree.ts";
import { SEEDED_BUGS } from "../../seeded_bugs/bugs.ts";

/** A change of the generator moves them: `deno run -A tests/seeded_bugs/main.ts` says where to. */
const FOUND_BY_SEED: Readonly<Record<string, number>> = {
  "one late answer ends the loop's looking": 1,
  "targets below the floor": 12,
  "advisory mode that writes": 34,
  "replicas beyond the power budget": 5,
  "gate: at the pod's first start only": 20,
  "gate: open without read-back": 6,
  "a watched cap that was raised is left": 1,
  "a pod that never asked is capped": 4,
  "a release goes to the greatest cap of ours": 5,
  "an idle GPU is never given back": 5,
  "report free while the last owner is there": 5,
  "limit annotation without its grant": 1,
  "other pods' GPUs are charged": 6,
  "a vanished pod is charged for ever": 17,
  "raise without looking whether there is room": 5,
  "count a request below the device's minimum": 8,
  "compliance when sent": 14,
  "a write without an answer is waited for, for ever": 53,
  "a write without an answer is not charged": 46,
  "terminating is free": 5,
  "charge the report, ignore larger outstanding grants": 5,
  "raise before the lower is confirmed": 80,
  "no bound": 442,
  "empty ledger at take-over": 42,
};

for (const bug of SEEDED_BUGS) {
  const firstSeed = FOUND_BY_SEED[bug.name];
  if (firstSeed === undefined) continue;
  Deno.test(`found: ${bug.name}`, async () => {
    await using tree = await BrokenTree.create();
    const found = await tree.search(bug, { firstSeed, count: 1 });
    assert.equal(found.seed, firstSeed);
  });
}
