/** R41 in every state of random runs, and the targets reached once the faults stop. @module */

import * as core from "../../../../../planner/core/mod.ts";
import { walk } from "./walk.ts";

Deno.test("whatever fails, the limits never pass the budget, and the targets are reached in the end", () => {
  for (let seed = 1; seed <= 150; seed++) walk({ seed, core }, 300);
});

Deno.test("without a gate, idle GPUs armed from boot on, one node rebooting at a time: the same", () => {
  for (let seed = 1; seed <= 100; seed++) {
    walk({ seed, core, startMode: "prearm" }, 300);
  }
});
