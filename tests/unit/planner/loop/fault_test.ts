/** Faults of everything around the loop: the budget is kept, and the fault is seen. @module */

import assert from "node:assert/strict";
import {
  capWattsOf,
  decide,
  type Observation,
} from "../../../../planner/core/mod.ts";
import { configOf, window } from "../stand_in.ts";
import { CONFIG, MODEL, START_MS, type World, world } from "./world.ts";

const BUDGET_WATTS = 12_000;

function assertWithinBudget(w: World): void {
  for (const { record } of w.eventsOf("decided")) {
    assert(capWattsOf(record.decision.targets) <= BUDGET_WATTS);
  }
}

function faultsOf(w: World): string[] {
  return w.eventsOf("fault").map(({ change }) =>
    `${change.kind} ${change.fault.part}`
  );
}

Deno.test("a source that is down: targets hold, the decision and the faults say so, recovery clears it", async () => {
  const w = world();
  w.start();
  await w.clock.run(59_000);
  const before = w.loop.last!.decision.targets.map(({ replicas }) => replicas);
  const good = w.source.answer;
  w.source.answer = () => Promise.reject(new Error("connection refused"));
  await w.clock.run(60_000);
  const { decision, faults } = w.loop.last!;
  assert.deepEqual(decision.targets.map(({ replicas }) => replicas), before);
  assert(decision.reasons.some(({ kind }) => kind === "no_traffic_data"));
  assert.match(faults[0]?.message ?? "", /connection refused/);
  assert.equal(decision.observed.problems?.[0]?.kind, "unreachable");
  w.source.answer = good;
  await w.clock.run(60_000);
  assert.deepEqual(faultsOf(w), ["raised source", "cleared source"]);
  assertWithinBudget(w);
  await w.stop();
});

Deno.test("a source that hangs is left after the tick's time, asked again only once it answered", async () => {
  const w = world({ loop: { times: { tickMs: 30_000 } } });
  w.source.answer = () => new Promise<Observation>(() => {});
  w.start();
  await w.clock.run(29_000);
  assert.equal(w.eventsOf("decided").length, 0);
  await w.clock.run(2_000);
  assert.equal(w.eventsOf("decided").length, 1);
  assert.equal(w.loop.last?.decision.observed.problems?.[0]?.kind, "timeout");
  await w.clock.run(180_000);
  assert.equal(w.source.asked.length, 1);
  assert(w.eventsOf("decided").length >= 3);
  await w.stop();
});

Deno.test("while a source hangs the fleet is still looked at every second", async () => {
  const w = world();
  w.start();
  await w.clock.run(59_500);
  w.source.answer = () => new Promise<Observation>(() => {});
  const before = w.eventsOf("staged").length;
  await w.clock.run(20_000);
  assert(w.eventsOf("staged").length - before >= 19);
  await w.stop();
});

for (
  const [lie, values] of [
    ["NaN", { requests: NaN, islTokens: NaN, oslTokens: NaN }],
    ["negative", { requests: -5, islTokens: -1, oslTokens: -1 }],
    ["10¹²", { requests: 1e12, islTokens: 1e12, oslTokens: 1e12 }],
    ["infinity", { requests: Infinity, islTokens: Infinity }],
  ] as const
) {
  Deno.test(`a source that says ${lie}: the watts stay, the decision names it`, async () => {
    const w = world();
    w.start();
    await w.clock.run(59_000);
    w.source.answer = ({ atMs, windowSeconds }) =>
      window(1, { atMs, windowSeconds, ...values });
    await w.clock.run(60_000);
    assert.equal(w.eventsOf("decided").length, 2);
    assert(w.loop.last!.decision.reasons.length > 0);
    assertWithinBudget(w);
    await w.stop();
  });
}

Deno.test("a wall clock that jumps either way moves no tick and no decision's time back", async () => {
  const w = world();
  w.start();
  await w.clock.run(30_000);
  w.clock.shiftMs = 3_600_000;
  await w.clock.run(20_000);
  w.clock.shiftMs = -7_200_000;
  await w.clock.run(70_001);
  assert.deepEqual(
    w.eventsOf("decided").map(({ record }) => record.madeAtMs - START_MS),
    [0, 60_000, 120_000],
  );
  assert.deepEqual(
    w.eventsOf("clock_jump").map(({ seconds }) => Math.round(seconds)),
    [3600, -10_800],
  );
  await w.stop();
});

Deno.test("after a restart with a clock that went back, time goes on from where it was saved", async () => {
  const first = world();
  const nowMs = START_MS + 86_400_000;
  const second = world({
    loop: { saved: { nowMs, state: first.loop.state } },
  });
  assert.equal(second.loop.time.now(), nowMs);
  await Promise.resolve();
});

Deno.test("a search that throws: the core holds the targets within the budget, and it is seen", async () => {
  let broken = false;
  const w = world({
    brain: {
      decide(state, input) {
        if (broken && input.model === MODEL) throw new Error("unreachable");
        return decide(state, input);
      },
    },
  });
  w.start();
  await w.clock.run(59_000);
  const before = w.loop.last!.decision.targets.map(({ replicas }) => replicas);
  broken = true;
  await w.clock.run(60_000);
  assert.equal(w.eventsOf("decided").length, 2);
  assert.deepEqual(
    w.loop.last!.decision.targets.map(({ replicas }) => replicas),
    before,
  );
  assert.match(w.loop.last!.faults[0]?.message ?? "", /unreachable/);
  assertWithinBudget(w);
  broken = false;
  await w.clock.run(60_000);
  assert.deepEqual(faultsOf(w), ["raised search", "cleared search"]);
  await w.stop();
});

Deno.test("a core that always throws leaves the last decision in force", async () => {
  let broken = false;
  const w = world({
    brain: {
      decide(state, input) {
        if (broken) throw new Error("bug");
        return decide(state, input);
      },
    },
  });
  w.start();
  await w.clock.run(1_000);
  broken = true;
  await w.clock.run(120_000);
  assert.equal(w.eventsOf("decided").length, 1);
  assert.deepEqual(faultsOf(w), ["raised search"]);
  assert(w.eventsOf("staged").length > 100);
  await w.stop();
});

Deno.test("a search that does not come back is left after the tick's time", async () => {
  let slow = false;
  const w = world({
    loop: { times: { tickMs: 10_000 } },
    brain: {
      decide: (state, input) =>
        slow && input.model === MODEL
          ? new Promise(() => {})
          : decide(state, input),
    },
  });
  w.start();
  await w.clock.run(1_000);
  slow = true;
  await w.clock.run(75_000);
  assert.equal(w.eventsOf("tick_timeout").length, 1);
  assert.equal(w.eventsOf("decided").length, 2);
  assertWithinBudget(w);
  await w.stop();
});

Deno.test("a decision that takes long is a fault of the search", async () => {
  const w = world({
    brain: {
      decide(state, input) {
        w.clock.advance(1_500);
        return decide(state, input);
      },
    },
  });
  w.start();
  await w.clock.run(10);
  assert.match(w.loop.faults.list()[0]?.message ?? "", /longer than 1 s/);
  await w.stop();
});

Deno.test("a fleet that cannot be read: nothing is written, decisions go on, and it is seen", async () => {
  const w = world();
  w.fleet.look = () => {
    throw new Error("apiserver is away");
  };
  w.start();
  await w.clock.run(61_000);
  assert.deepEqual(w.fleet.applied, []);
  assert.equal(w.eventsOf("staged").length, 0);
  assert.match(w.loop.faults.list()[0]?.message ?? "", /apiserver is away/);
  w.fleet.look = () => {};
  await w.clock.run(2_000);
  assert(w.fleet.applied.length > 0);
  assert.deepEqual(w.loop.faults.list(), []);
  await w.stop();
});

Deno.test("a fleet that hangs at a look is not asked a second time", async () => {
  const w = world();
  w.start();
  await w.clock.run(5_000);
  let asked = 0;
  w.fleet.look = () => {
    asked++;
    return new Promise(() => {});
  };
  await w.clock.run(60_000);
  assert.equal(asked, 1);
  assert.match(w.loop.faults.list()[0]?.message ?? "", /has not answered/);
  await w.stop();
});

Deno.test("a ledger that throws: nothing is written, the decision is still told", async () => {
  const w = world({
    brain: {
      stage: () => {
        throw new Error("charge of nobody");
      },
    },
  });
  w.start();
  await w.clock.run(1_000);
  assert.equal(w.eventsOf("decided").length, 1);
  assert.deepEqual(w.fleet.applied, []);
  assert.deepEqual(faultsOf(w), ["raised ledger"]);
  await w.stop();
});

Deno.test("a fleet that refuses half the steps: the rest is carried out, the ledger knows which", async () => {
  const w = world();
  w.fleet.outcome = (step) =>
    step.kind === "scale" && step.side === "decode"
      ? { kind: "refused", reason: "not yours" }
      : { kind: "done" };
  w.start();
  await w.clock.run(3_000);
  const targets = w.loop.last!.decision.targets;
  assert.equal(w.fleet.replicas["prefill"], targets[0]?.replicas);
  assert.equal(w.fleet.replicas["decode"], 1);
  assert(
    w.eventsOf("step").some(({ outcome }) => outcome.kind === "refused"),
  );
  await w.stop();
});

Deno.test("a lower budget takes effect at once, also while the source hangs", async () => {
  const w = world({ requestsPerSecond: 6 });
  w.start();
  await w.clock.run(59_900);
  w.source.answer = () => new Promise<Observation>(() => {});
  await w.clock.run(1_000);
  w.settings.reload(
    configOf(CONFIG.replace("12000", "3000")),
  );
  await w.clock.run(100);
  const { decision, due } = w.loop.last!;
  assert.deepEqual(due, { throughput: false, load: false });
  assert.equal(decision.budgetWatts, 3000);
  assert(capWattsOf(decision.targets) <= 3000);
  await w.stop();
});

Deno.test("a disk that is full is seen and stops nothing", async () => {
  const w = world({
    loop: { store: { save: () => Promise.reject(new Error("no space")) } },
  });
  w.start();
  await w.clock.run(130_000);
  assert.deepEqual(faultsOf(w), ["raised state_file"]);
  assert.equal(w.eventsOf("decided").length, 3);
  await w.stop();
});
