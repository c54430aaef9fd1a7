/** The file that the page writes is one that the planner takes. @module */

import assert from "node:assert/strict";
import {
  BUILTIN_SYSTEMS,
  capRangeOf,
} from "../../../optimizer-wasm/portable.ts";
import { openFleetSearch } from "../../../optimizer-wasm/mod.ts";
import { checkPlannerConfig } from "../../../planner/mod.ts";
import { gpuMaxWatts } from "../../../web/plan/budget.ts";
import { plannerYaml } from "../../../web/plan/planner_yaml.ts";
import { questionOf } from "../../../web/plan/question.ts";
import { FIRST_STATE, type PlanState } from "../../../web/plan/state.ts";
import { builtinOpener } from "../optimizer-wasm/builtin_opener.ts";

const CASES: readonly (readonly [what: string, change: Partial<PlanState>])[] =
  [
    ["apart", { mode: "disagg" }],
    ["together", { mode: "agg" }],
    ["without a budget", { watts: "none" }],
    ["for efficiency", { objective: "efficiency" }],
    ["a mixture of experts on Blackwell", {
      model: "Qwen/Qwen3-235B-A22B",
      system: "b200_sxm",
    }],
    ["sglang", { backend: "sglang" }],
  ];

for (const [what, change] of CASES) {
  Deno.test(`planner.yaml of a fleet ${what} has no problem and says what the page said`, async () => {
    const state = { ...FIRST_STATE, ...change };
    const question = questionOf(state, gpuMaxWatts(state.system) ?? 0);
    const search = await openFleetSearch(await builtinOpener(), question.space);
    const { best } = search.run(question.query);
    assert(best, "there is a fleet");
    const system = BUILTIN_SYSTEMS[state.system];
    assert(system);
    const text = plannerYaml({ question, best, capRange: capRangeOf(system) });
    const { config, problems } = checkPlannerConfig({
      text,
      name: "planner.yaml",
    });
    assert.deepEqual(problems, []);
    assert.equal(config?.ttftMs, state.ttftMs);
    assert.equal(config?.itlMs, state.itlMs);
    assert.equal(config?.maxGpus, state.totalGpus);
    assert.equal(config?.mode, best.mode);
    assert.equal(config?.power?.budgetWatts, question.query.budgetWatts);
  });
}
