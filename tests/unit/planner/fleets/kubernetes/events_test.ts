/** Which of the loop's events become Events for people, and in which words (R29). @module */

import assert from "node:assert/strict";
import { LoopTeller } from "../../../../../planner/fleets/kubernetes/events/mod.ts";
import type { Transition } from "../../../../../planner/core/mod.ts";

const CALM: Transition = {
  steps: [],
  waits: [],
  alarms: [],
  charges: [],
  chargedWatts: 700,
  budgetInForceWatts: 1000,
  compliant: true,
  unreachable: undefined,
  settled: true,
};

function staged(teller: LoopTeller, change: Partial<Transition>, atMs = 0) {
  return teller.tell({
    kind: "staged",
    snapshot: {
      atMs,
      consistent: true,
      sides: {},
      pods: [],
      reports: [],
      lease: undefined,
    },
    transition: { ...CALM, ...change },
    sequence: 1,
    changed: true,
    withheld: undefined,
    atMs,
  });
}

Deno.test("calm says nothing", () => {
  assert.deepEqual(staged(new LoopTeller(), {}), []);
});

Deno.test("a cut is told with both budgets, and its end with the watts", () => {
  const teller = new LoopTeller();
  const [cut] = staged(teller, {
    compliant: false,
    cut: { fromWatts: 1000, toWatts: 600, sinceMs: 0 },
  });
  assert.equal(cut?.reason, "BudgetCut");
  assert.match(cut?.message ?? "", /from 1000 W to 600 W, and 700 W/);
  const [met] = staged(teller, { chargedWatts: 590, budgetInForceWatts: 600 });
  assert.equal(met?.reason, "BudgetMet");
  assert.deepEqual(staged(teller, {}), []);
});

Deno.test("alarms name their GPU's message; those of one node are one key", () => {
  const alarm = {
    kind: "agent_silent" as const,
    message: "The agent of node n1 is silent.",
    nodeName: "n1",
    podName: undefined,
    gpuUuid: undefined,
    watts: undefined,
  };
  const events = staged(new LoopTeller(), {
    alarms: [alarm, { ...alarm, nodeName: "n2" }],
  });
  assert.deepEqual(events.map(({ reason }) => reason), [
    "AgentSilent",
    "AgentSilent",
  ]);
  assert.equal(new Set(events.map(({ key }) => key)).size, 2);
});

Deno.test("a wait is told once it is stuck, with its pod and watts", () => {
  const wait = {
    kind: "budget_room" as const,
    podName: "decode-3",
    nodeName: undefined,
    gpuUuid: undefined,
    generation: undefined,
    watts: 120,
    sinceMs: 0,
  };
  const teller = new LoopTeller();
  assert.deepEqual(staged(teller, { waits: [wait] }, 119_000), []);
  const [stuck] = staged(teller, { waits: [wait] }, 120_000);
  assert.equal(stuck?.reason, "StepStuck");
  assert.match(stuck?.message ?? "", /2 min: budget room \(decode-3\), 120 W/);
});

Deno.test("refusals say what was refused and why; scalings say from where to where", () => {
  const step = {
    kind: "scale" as const,
    side: "decode" as const,
    replicas: 3,
    fromReplicas: 2,
  };
  const teller = new LoopTeller();
  const [refused] = teller.tell({
    kind: "step",
    step,
    outcome: { kind: "refused", reason: "no permission" },
    atMs: 0,
  });
  assert.equal(refused?.type, "Warning");
  assert.match(refused?.message ?? "", /Scaling decode to 3 .*no permission/);
  const [scaled] = teller.tell({
    kind: "step",
    step,
    outcome: { kind: "done" },
    atMs: 0,
  });
  assert.equal(scaled?.reason, "Scaled");
  assert.match(scaled?.message ?? "", /decode from 2 to 3/);
  const conflict = { kind: "conflict" as const, reason: "moved" };
  assert.deepEqual(
    teller.tell({ kind: "step", step, outcome: conflict, atMs: 0 }),
    [],
  );
});
