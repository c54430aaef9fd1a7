/** The planner's rules C1–C10 of the cap protocol, each by its number. @module */

import assert from "node:assert/strict";
import { stage, stepsAfter } from "../../../../../planner/core/mod.ts";
import {
  GATE,
  gpu,
  pair,
  pod,
  report,
  serving,
  snapshot,
  SWAP,
  target,
} from "./fixtures.ts";
import { Leader } from "./reign.ts";

Deno.test("C1, C2: a raise waits until a report shows the lower applied, not until it is sent", () => {
  const leader = Leader.reigning(SWAP);
  assert.deepEqual(leader.stage(snapshot(pair())), ["lower a 5.3 300 500"]);
  const sent = pair({ a: { grant: "5.3 300 500", version: 42 } });
  assert.deepEqual(leader.stage(snapshot(sent)), []);
  assert.deepEqual(leader.waits(), [
    "budget_room b 200",
    "lower_not_confirmed a 200",
  ]);
  const applied = [report("n1", [
    serving("g1", "a", "5.3", 300),
    serving("g2", "b", "5.2", 300),
  ], 2)];
  assert.deepEqual(leader.stage(snapshot({ ...sent, reports: applied })), [
    "lease 5 800",
    "raise b 5.4 500 500",
  ]);
});

Deno.test("C2: two grants of one batch do not count the same room twice", () => {
  const leader = Leader.reigning([target(2, 500)]);
  const steps = leader.stage(snapshot({
    pods: [pod("a"), pod("b")],
    reports: [report("n1", [gpu("g1", { on: "a" }), gpu("g2", { on: "b" })])],
  }));
  // 800 W for two at 500 W: both are squeezed alike, to what fits.
  assert.deepEqual(steps, [
    "lease 5 800",
    "grant a 5.1 400 400",
    "grant b 5.2 400 400",
  ]);
  assert.deepEqual(leader.last?.unreachable, { missingWatts: 200 });
});

Deno.test("C2: a lower is sent whatever is charged", () => {
  const leader = Leader.reigning([target(2, 300)], { budgetWatts: 400 });
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 500" }), pod("b", { grant: "5.2 500" })],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 500),
      serving("g2", "b", "5.2", 500),
    ])],
  });
  assert.deepEqual(leader.stage(look), [
    "lease 5 400",
    "lower a 5.3 200 500",
    "lower b 5.4 200 500",
  ]);
});

for (
  const [why, change, wait] of [
    ["a terminating pod", { terminating: true }, undefined],
    ["a pod without the gate", { gated: false }, undefined],
    ["a pod that no report places", { node: "n9" }, "pod_not_placed a"],
    ["a pod with one of two GPUs placed", { gpus: 2 }, "pod_not_placed a"],
  ] as const
) {
  Deno.test(`C3: ${why} gets no grant`, () => {
    const leader = Leader.reigning([target(1, 300)], { budgetWatts: 5000 });
    const steps = leader.stage(
      snapshot({
        pods: [pod("a", change)],
        reports: [
          report(
            "n1",
            change && "node" in change ? [] : [gpu("g1", { on: "a" })],
          ),
        ],
      }),
    );
    assert.deepEqual(steps.filter((line) => line.startsWith("grant")), []);
    if (wait) assert(leader.waits().includes(wait), leader.waits().join());
  });
}

Deno.test("C3: an unknown occupancy places nobody", () => {
  const leader = Leader.reigning([target(1, 300)]);
  leader.stage(snapshot({
    pods: [pod("a")],
    reports: [
      report("n1", [gpu("g1", { on: "a", occupancy: "unknown" })]),
    ],
  }));
  assert.deepEqual(leader.waits(), ["pod_not_placed a"]);
});

Deno.test("C3: an unreadable range gets no grant", () => {
  const leader = Leader.reigning([target(1, 300)]);
  leader.stage(snapshot({
    pods: [pod("a")],
    reports: [
      report("n1", [gpu("g1", { on: "a", minWatts: undefined })]),
    ],
  }));
  assert.deepEqual(leader.waits(), ["pod_not_placed a"]);
});

Deno.test("C3: watts are clipped into the reported range before they are charged", () => {
  const leader = Leader.reigning([target(1, 150)]);
  const steps = leader.stage(snapshot({
    pods: [pod("a")],
    reports: [report("n1", [gpu("g1", { on: "a", minWatts: 250 })])],
  }));
  assert.deepEqual(steps, ["lease 5 800", "grant a 5.1 250 250"]);
});

Deno.test("C3: an unresolved write holds further grants to that pod", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
  });
  leader.stage(look, { answer: () => ({ kind: "unanswered", reason: "" }) });
  assert.deepEqual(leader.stage(look), []);
  assert.deepEqual(leader.waits(), ["write_unresolved a"]);
});

Deno.test("C4: grants and raises follow one Lease PUT, and are dropped when it fails; lowers are not", () => {
  const leader = Leader.reigning([
    target(1, 300, "prefill"),
    target(1, 400),
  ]);
  const staged = stage(leader.ledger, {
    snapshot: snapshot({
      ...pair(),
      lease: { ...snapshot().lease!, budgetWatts: 1200 },
    }),
    targets: leader.targets,
    config: GATE,
    budgetWatts: 1200,
    nowMs: 0,
  });
  const { steps } = staged.transition;
  assert.deepEqual(steps.map(({ kind }) => kind), ["lease", "patch", "patch"]);
  const left = stepsAfter(steps.slice(1), steps[0]!, {
    kind: "conflict",
    reason: "",
  });
  assert.deepEqual(
    left.map((step) => step.kind === "patch" && step.purpose),
    ["lower"],
  );
  const done = stepsAfter(steps.slice(1), steps[0]!, { kind: "done" });
  assert.equal(done.length, 2);
});

Deno.test("C4: a conflict inside the batch is tried again only after another PUT", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const look = (version: number) =>
    snapshot({
      pods: [pod("a", { grant: "5.1 300", version })],
      reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
    });
  const conflict = (line: string) =>
    line.startsWith("raise")
      ? { kind: "conflict" as const, reason: "" }
      : { kind: "done" as const };
  leader.stage(look(41), { answer: conflict });
  assert.deepEqual(leader.stage(look(42)), [
    "lease 5 800",
    "raise a 5.3 500 500",
  ]);
});

Deno.test("C5: a patch names uid and version, and its generation is above the one found", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const staged = stage(leader.ledger, {
    snapshot: snapshot({
      pods: [pod("a", { grant: "5.17 500", version: 77 })],
      reports: [report("n1", [serving("g1", "a", "5.17", 500)])],
    }),
    targets: [target(1, 300)],
    config: GATE,
    budgetWatts: 800,
    nowMs: 0,
  });
  const [step] = staged.transition.steps;
  assert(step?.kind === "patch");
  assert.deepEqual(step.pod, {
    namespace: "serving",
    name: "a",
    uid: "a",
    resourceVersion: "77",
  });
  assert.deepEqual(step.grant.generation, { epoch: 5, sequence: 18 });
});

Deno.test("C5: a higher epoch means step down, until the Lease is won anew", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const look = {
    pods: [pod("a", { grant: "6.1 500" })],
    reports: [report("n1", [serving("g1", "a", "6.1", 500)])],
  };
  assert.deepEqual(leader.stage(snapshot(look)), []);
  assert.deepEqual(leader.alarms(), ["step_down"]);
  assert.deepEqual(leader.stage(snapshot(look)), []);
  const lost = { ...snapshot().lease!, heldByUs: false };
  assert.deepEqual(leader.stage(snapshot({ ...look, lease: lost })), []);
  const won = { ...snapshot().lease!, transitions: 4 };
  assert.deepEqual(leader.stage(snapshot({ ...look, lease: won })), [
    "lease 7 800",
  ]);
});

Deno.test("C6: a bound is the pod's own charge or the new watts, and 0 for a claim", () => {
  const leader = new Leader([target(2, 300)]);
  const look = snapshot({
    pods: [pod("a", { grant: "4.1 300 500" }), pod("b")],
    reports: [report("n1", [
      serving("g1", "a", "4.0", 300),
      gpu("g2", { on: "b" }),
    ])],
  });
  assert.deepEqual(leader.stage(look), ["lease 6 800"]);
  assert.deepEqual(leader.stage(look), [
    "stamp a 6.1 300 500",
    "claim b 6.2 0 0",
  ]);
});

Deno.test("C6: what another pod on the GPU is charged is not in the bound", () => {
  const leader = Leader.reigning([target(2, 300)], { budgetWatts: 2000 });
  const steps = leader.stage(snapshot({
    // b comes to the GPU that vanished a was charged 600 W on, as the report says.
    pods: [pod("b")],
    reports: [report("n1", [gpu("g1", { on: "b", limitWatts: 600 })])],
  }));
  assert.deepEqual(steps.at(-1), "grant b 5.1 300 300");
});

Deno.test("C7: several unanswered writes are charged at their maximum", () => {
  const leader = Leader.reigning([target(1, 600)]);
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
  });
  const silence = {
    answer: () => ({ kind: "unanswered" as const, reason: "" }),
  };
  leader.stage(look, silence);
  leader.stage(look, { ...silence, targets: [target(1, 250)] });
  leader.stage(look, { targets: [target(1, 250)] });
  assert.equal(leader.last?.chargedWatts, 600);
});

Deno.test("C7: a write that landed is charged until the view has caught up", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
  });
  leader.stage(look);
  assert.deepEqual(leader.stage(look), []);
  assert.equal(leader.last?.chargedWatts, 500);
});

Deno.test("C7: a conflict leaves nothing outstanding", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
  });
  leader.stage(look, { answer: () => ({ kind: "conflict", reason: "" }) });
  assert.deepEqual(leader.ledger.writes, []);
});

Deno.test("A3: an older version from an old cache changes nothing", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const reports = [report("n1", [serving("g1", "a", "5.2", 500)])];
  leader.stage(snapshot({
    pods: [pod("a", { grant: "5.2 500", version: 42 })],
    reports,
  }));
  leader.stage(snapshot({ pods: [pod("a", { grant: "5.1 300" })], reports }));
  assert.equal(leader.last?.chargedWatts, 500);
});

Deno.test("A3: a report older than one that was seen frees nothing", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const pods = [pod("a", { grant: "5.1 300" })];
  leader.stage(snapshot({
    pods,
    reports: [report("n1", [serving("g1", "a", "5.1", 300)], 7)],
  }));
  leader.stage(snapshot({ pods, reports: [report("n1", [gpu("g1")], 3)] }));
  assert.equal(leader.last?.chargedWatts, 300);
});

Deno.test("C8: a scale-down frees watts when a report says free, not before", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const on = [report("n1", [serving("g1", "a", "5.1", 300)])];
  const going = pod("a", { grant: "5.1 300", terminating: true, version: 42 });
  leader.stage(
    snapshot({ pods: [pod("a", { grant: "5.1 300" })], reports: on }),
  );
  leader.stage(snapshot({ pods: [going], reports: on }));
  assert.equal(leader.last?.chargedWatts, 300);
  leader.stage(snapshot({ pods: [], reports: on }));
  assert.equal(leader.last?.chargedWatts, 300);
  leader.stage(snapshot({ pods: [], reports: [report("n1", [gpu("g1")], 2)] }));
  assert.equal(leader.last?.chargedWatts, 0);
  assert.deepEqual(leader.ledger.pods, {});
});

Deno.test("C8: a pod that vanished without a trace of its GPU is charged while no report accounts for it", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const on = [report("n1", [serving("g1", "a", "5.1", 300)])];
  leader.stage(
    snapshot({ pods: [pod("a", { grant: "5.1 300" })], reports: on }),
  );
  leader.stage(snapshot({ pods: [], reports: [] }));
  assert.equal(leader.last?.chargedWatts, 300);
});

Deno.test("C8: vanished before its stamp, an earlier leader's grant may have been applied unseen: the maximum", () => {
  const leader = new Leader([target(1, 300)]);
  const reports = [report("n1", [gpu("g1", { on: "a" })])];
  leader.stage(snapshot({ pods: [pod("a")], reports }));
  leader.stage(snapshot({ pods: [pod("a")], reports }), {
    answer: () => ({ kind: "gone" }),
  });
  leader.stage(snapshot({ pods: [], reports }));
  assert.equal(leader.last?.chargedWatts, 700);
});

Deno.test("C9: a missed deadline alarms, names the GPU, and releases nothing", () => {
  const leader = Leader.reigning(SWAP);
  leader.stage(snapshot(pair()));
  const sent = snapshot(pair({ a: { grant: "5.3 300 500", version: 42 } }));
  leader.stage(sent, { nowMs: 1_000 });
  leader.stage(sent, { nowMs: 12_000 });
  const [alarm] = leader.last!.alarms;
  assert.equal(alarm?.kind, "deadline_missed");
  assert.equal(alarm?.gpuUuid, "g1");
  assert.equal(leader.last?.chargedWatts, 800);
});
