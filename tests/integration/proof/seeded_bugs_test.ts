/** Seeded bugs, each by the seed that is known to find it; the search over all of them is in `tests/long`. @module */

import assert from "node:assert/strict";
import { BrokenTree } from "../../seeded_bugs/broken_tree.ts";
import { SEEDED_BUGS } from "../../seeded_bugs/bugs.ts";

/** A change of the generator moves them: `deno run -A tests/seeded_bugs/main.ts` says where to. */
const FOUND_BY_SEED: Readonly<Record<string, number>> = {
  "raise before the lower is confirmed": 42,
  "charge the report, ignore larger outstanding grants": 40,
  "no bound": 38,
  "act before stamping": 78,
  "no stamps at all": 128,
  "compliance is declared before stamping": 230,
  "empty ledger at take-over": 11,
  "a leader that won the Lease anew while frozen stays stepped down": 14,
  "own larger budget at take-over": 5,
  "write over a higher epoch": 92,
  "compare sequences without epochs": 21,
  "a budget in force is the configuration's, whatever the Lease says": 49,
  "terminating is free": 13,
  "vanished is free": 8,
  "charge 0 for a grant that no report shows": 38,
  "a write without an answer is not charged": 94,
  "compliance when sent": 11,
  "count a request below the device's minimum": 2,
  "a write without an answer is waited for, for ever": 250,
  "raise without looking whether there is room": 4,
  "a vanished pod is charged for ever": 8,
  "a replica counts as whole while a pod of it waits": 344,
  "annotations that a stranger has changed are left": 8,
  "other pods' GPUs are charged": 3,
  "a node that a person has declared dead stays charged": 30,
  "patch without precondition": 49,
  "two grants of one batch count the same room": 40,
  "limit annotation without its grant": 2,
  "cached reports at take-over": 108,
  "agent follows a limit without its grant": 2,
  "lost record plus stale LIST": 97,
  "agent applies an older generation": 243,
  "release on unknown": 243,
  "report free while the last owner is there": 2,
  "an idle GPU is never given back": 2,
  "a release goes to the greatest cap of ours": 2,
  "a pod that never asked is capped": 3,
  "a watched cap that was raised is left": 2,
  "gate: reported as waiting while its pod runs": 2,
  "gate: open on a cap without a grant": 56,
  "gate: open whatever boot it was opened in": 34,
  "gate: at the pod's first start only": 8,
  "gate: open without read-back": 8,
  "report the request, not the read-back": 33,
  "record a write that the device refused": 34,
  "replicas beyond the power budget": 6,
  "a limit that the device left at a release is forgotten": 243,
  "a number that is none is believed": 7,
  "targets below the floor": 3,
  "advisory mode that writes": 90,
  "one late answer ends the loop's looking": 1,
  "raises go on after a conflict in their batch": 28,
};

Deno.test("each seeded bug is found by its schedule", async (t) => {
  await using tree = await BrokenTree.create();
  for (const bug of SEEDED_BUGS) {
    const firstSeed = FOUND_BY_SEED[bug.name];
    if (firstSeed === undefined) continue;
    await t.step(bug.name, async () => {
      const found = await tree.search(bug, { firstSeed, count: 1 });
      assert.equal(found.seed, firstSeed);
    });
  }
});

Deno.test("only bugs that no schedule finds have none", () => {
  assert.deepEqual(
    SEEDED_BUGS.filter(({ name }) => FOUND_BY_SEED[name] === undefined)
      .map(({ name }) => name),
    ["replicas beyond the GPU budget"],
  );
});
