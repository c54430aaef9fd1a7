/** The page, the line of `sweep` and the planner's file ask the same question. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { command } from "../../../cli/commands/sweep.ts";
import { parseCommandLine } from "../../../cli/parse.ts";
import { sweepInput } from "../../../cli/sweep/input.ts";
import { gpuMaxWatts } from "../../../web/plan/budget.ts";
import { questionOf } from "../../../web/plan/question.ts";
import { FIRST_STATE, type PlanState } from "../../../web/plan/state.ts";
import { sweepArguments, sweepLine } from "../../../web/plan/sweep_line.ts";
import { anyState } from "./any_state.ts";

/** A question without what a budget that cannot be sized leaves out. */
function asked(state: PlanState) {
  try {
    return questionOf(state, gpuMaxWatts(state.system) ?? 700);
  } catch {
    return undefined;
  }
}

Deno.test("the line asks what the page asked, whatever was chosen", () => {
  let compared = 0;
  fc.assert(fc.property(anyState, (state) => {
    const question = asked(state);
    fc.pre(question !== undefined);
    compared++;
    const { flags } = parseCommandLine(
      command,
      sweepArguments(state, gpuMaxWatts(state.system) ?? 700),
    );
    assert.deepEqual(sweepInput(flags), question);
  }));
  assert(compared > 50);
});

Deno.test("the built-in model is named in the line, so that imported tables do not answer in its place", () => {
  assert.match(sweepLine(FIRST_STATE, 700), /--database-mode ROOFLINE/);
  assert.match(
    sweepLine({ ...FIRST_STATE, version: "0.22.0" }, 700),
    /--backend-version 0\.22\.0/,
  );
});

Deno.test("racks become the budget that `budget` sizes", () => {
  const state: PlanState = {
    ...FIRST_STATE,
    watts: "racks",
    racks: 1,
    rackWatts: 60_000,
    nodes: 2,
    gpusPerNode: 8,
    totalGpus: 16,
    headroom: 0.85,
    nodeOverheadWatts: 1500,
  };
  // 60 000 × 0.85 − 2 × 1500.
  assert.equal(questionOf(state, 700).query.budgetWatts, 48_000);
});

Deno.test("GPUs outside of the fleet are charged all that they can draw", () => {
  const state: PlanState = {
    ...FIRST_STATE,
    watts: "racks",
    racks: 1,
    rackWatts: 60_000,
    nodes: 2,
    gpusPerNode: 8,
    totalGpus: 12,
    headroom: 0.85,
    nodeOverheadWatts: 1500,
  };
  assert.equal(questionOf(state, 700).query.budgetWatts, 48_000 - 4 * 700);
});

Deno.test("a fleet with more GPUs than the racks hold is an error in words of the page", () => {
  const state: PlanState = {
    ...FIRST_STATE,
    watts: "racks",
    nodes: 2,
    gpusPerNode: 8,
  };
  assert.throws(
    () => questionOf(state, 700),
    /The racks hold 16 GPUs .* the fleet may use 64/,
  );
});
