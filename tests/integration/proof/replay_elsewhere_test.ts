/**
 * A failing schedule of a broken build gives the same bytes whatever the machine's JIT, time zone and language are: each
 * line of the record is in the hash (decision 0231).
 * @module
 */

import assert from "node:assert/strict";
import { BrokenTree, type Machine } from "../../seeded_bugs/broken_tree.ts";
import { SEEDED_BUGS } from "../../seeded_bugs/bugs.ts";

const MACHINES: Readonly<Record<string, Machine>> = {
  "an interpreter, without any JIT": { v8Flags: ["--jitless"] },
  "without optimising compilers": { v8Flags: ["--no-opt,--no-maglev"] },
  "every function compiled at once": { v8Flags: ["--always-sparkplug"] },
  "a small young generation": { v8Flags: ["--max-semi-space-size=1"] },
  "another time zone and language": {
    env: {
      TZ: "Pacific/Chatham",
      LANG: "tr_TR.UTF-8",
      LC_ALL: "tr_TR.UTF-8",
      LANGUAGE: "tr",
    },
  },
};

Deno.test("a failing schedule replays byte for byte on other machines", async (t) => {
  const bug = SEEDED_BUGS.find(({ name }) => name === "terminating is free");
  assert(bug);
  await using tree = await BrokenTree.create();
  const here = await tree.search(bug, { firstSeed: 1, count: 20 });
  assert(here.seed !== undefined && here.hash !== undefined);
  for (const [name, machine] of Object.entries(MACHINES)) {
    await t.step(name, async () => {
      const there = await tree.search(bug, {
        firstSeed: here.seed ?? 0,
        count: 1,
        machine,
      });
      assert.deepEqual(there, { ...here, schedules: 1 });
    });
  }
});
