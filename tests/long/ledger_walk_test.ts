/** R41 in millions of random events: the run of `tests/unit/planner/core/ledger/walk_test.ts`, longer and deeper. @module */

import * as core from "../../planner/core/mod.ts";
import { walk } from "../unit/planner/core/ledger/walk.ts";

Deno.test("two million random events never pass the budget, and every world reaches its targets", () => {
  for (let seed = 1_000; seed < 4_000; seed++) walk({ seed, core }, 700);
});

Deno.test("without a gate, armed from boot on: half a million random events", () => {
  for (let seed = 1_000; seed < 1_800; seed++) {
    walk({ seed, core, startMode: "prearm" }, 700);
  }
});
