/** The planner's rules C1–C17 of the cap protocol, each by its number. @module */

import assert from "node:assert/strict";
import { stage, stepsAfter } from "../../../../../planner/core/mod.ts";
import {
  GATE,
  gpu,
  pod,
  type PodChange,
  report,
  serving,
  snapshot,
  target,
} from "./fixtures.ts";
import { Leader } from "./reign.ts";

/** Pod `a` at 500 W and pod `b` at 300 W, both serving; `b` gets `change`. */
function pair(change: { a?: PodChange; b?: PodChange } = {}) {
  return {
    pods: [
      pod("a", { grant: "5.1 500", side: "prefill", ...change.a }),
      pod("b", { grant: "5.2 300", ...change.b }),
    ],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 500),
      serving("g2", "b", "5.2", 300),
    ])],
  };
}

const SWAP = [target(1, 300, "prefill"), target(1, 500)];

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

Deno.test("C11: the epoch is above the Lease's transitions and epoch, and above every grant and report", () => {
  const epoch = (change: Parameters<typeof snapshot>[0]) =>
    new Leader([]).stage(snapshot(change))[0];
  const lease = { ...snapshot().lease!, epoch: 0, transitions: 0 };
  assert.equal(epoch({ lease: { ...lease, transitions: 8 } }), "lease 9 800");
  assert.equal(epoch({ lease: { ...lease, epoch: 11 } }), "lease 12 800");
  assert.equal(
    epoch({ lease, pods: [pod("a", { grant: "21.9 300" })] }),
    "lease 22 800",
  );
  const reports = [report("n1", [serving("g1", "a", "30.1", 300)])];
  assert.equal(epoch({ lease, reports }), "lease 31 800");
});

Deno.test("C11: nothing is written before the Lease is won and read by consistent LISTs", () => {
  const leader = new Leader([target(1, 300)]);
  const lost = { ...snapshot().lease!, heldByUs: false };
  assert.deepEqual(leader.stage(snapshot({ lease: lost })), []);
  assert.deepEqual(leader.stage(snapshot({ consistent: false })), []);
  assert.deepEqual(leader.stage(snapshot()), ["lease 6 800"]);
});

Deno.test("C11: the epoch's PUT that fails is tried again; one that landed unheard counts", () => {
  const leader = new Leader([target(1, 300)]);
  leader.stage(snapshot(), {
    answer: () => ({ kind: "conflict", reason: "" }),
  });
  leader.stage(snapshot(), {
    answer: () => ({ kind: "unanswered", reason: "" }),
  });
  assert.equal(leader.ledger.reign.kind, "claimed");
  leader.stage(snapshot({ lease: { ...snapshot().lease!, epoch: 6 } }));
  assert.equal(leader.ledger.reign.kind, "held");
});

Deno.test("C12: every pod is stamped, granted or in its gate, live or terminating; a stamp may lower", () => {
  const leader = new Leader([target(3, 300)], { budgetWatts: 2000 });
  const look = snapshot({
    pods: [
      pod("a", { grant: "5.1 500" }),
      pod("b", { grant: "5.2 300", terminating: true }),
      pod("c"),
    ],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 500),
      serving("g2", "b", "5.2", 300),
      gpu("g3", { on: "c" }),
    ])],
  });
  leader.stage(look);
  assert.deepEqual(leader.stage(look), [
    "stamp a 6.1 300 500",
    "stamp b 6.2 300 300",
    "claim c 6.3 0 0",
  ]);
});

Deno.test("C13: no grant before every listed pod is stamped or gone", () => {
  const leader = new Leader([target(2, 300)]);
  const before = snapshot({
    pods: [pod("a", { grant: "5.1 300" }), pod("b")],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 300),
      gpu("g2", { on: "b" }),
    ])],
  });
  leader.stage(before);
  leader.stage(before, {
    answer: (line) =>
      line.includes(" a ")
        ? { kind: "conflict", reason: "" }
        : { kind: "done" },
  });
  const claimed = (a: PodChange) =>
    snapshot({
      ...before,
      pods: [pod("a", a), pod("b", { grant: "6.2 0 0", version: 50 })],
    });
  assert.deepEqual(
    leader.stage(claimed({ grant: "5.4 350", version: 44 })),
    ["stamp a 6.3 300 350"],
  );
  assert(leader.waits().includes("take_over b"));
  assert.deepEqual(
    leader.stage(claimed({ grant: "6.3 300 350", version: 51 })),
    ["lease 6 800", "grant b 6.4 300 300"],
  );
});

Deno.test("C13: without a gate scale-ups wait for the stamps and for a fence on the scaler", () => {
  const leader = new Leader([target(2, 300)], {
    budgetWatts: 5000,
    settings: { startMode: "none" },
  });
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 300", gated: false })],
    sides: {
      decode: {
        targetReplicas: 1,
        readyReplicas: 1,
        startingReplicas: 0,
        rollout: "settled",
        gpusPerReplica: 1,
      },
    },
    reports: [report("n1", [
      gpu("g1", { on: "a", applied: "5.1", gate: "none", limitWatts: 300 }),
      gpu("g2"),
    ])],
    lease: { ...snapshot().lease!, budgetWatts: 5000 },
  });
  leader.stage(look);
  assert.deepEqual(leader.stage(look), [
    "lease 6 5000",
    "stamp a 6.1 300 300",
    "scale decode 1 to 1",
  ]);
  const stamped = {
    ...look,
    pods: [pod("a", { grant: "6.1 300", gated: false, version: 42 })],
  };
  assert.deepEqual(leader.stage(stamped), [
    "lease 6 5000",
    "scale decode 1 to 2",
  ]);
});

Deno.test("C14: what was remembered before the Lease was won is forgotten", () => {
  const leader = Leader.reigning([target(1, 300)]);
  leader.stage(snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
  }));
  leader.stage(snapshot({ lease: { ...snapshot().lease!, heldByUs: false } }));
  assert.deepEqual(leader.ledger.pods, {});
  assert.deepEqual(leader.ledger.nodes, {});
});

Deno.test("C15: a cut goes into the Lease first, then everything is lowered at once, terminating pods too", () => {
  const leader = Leader.reigning([target(2, 200)], { budgetWatts: 500 });
  const steps = leader.stage(snapshot({
    pods: [
      pod("a", { grant: "5.1 400" }),
      pod("b", { grant: "5.2 300", terminating: true }),
      pod("c", { grant: "5.3 100 100" }),
    ],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 400),
      serving("g2", "b", "5.2", 300),
    ])],
  }));
  assert.deepEqual(steps, [
    "lease 5 500",
    "lower a 5.4 200 400",
    "lower b 5.5 200 300",
  ]);
});

Deno.test("C15: others make up for a GPU that does not answer", () => {
  const leader = Leader.reigning([target(2, 400)], { budgetWatts: 700 });
  const look = (sequence: number) =>
    snapshot({
      pods: [
        pod("a", { grant: "5.1 400" }),
        pod("b", { grant: "5.2 400", node: "n2" }),
      ],
      reports: [
        report("n1", [serving("g1", "a", "5.1", 400)], sequence),
        report("n2", [serving("g2", "b", "5.2", 400)]),
      ],
    });
  leader.stage(look(1), { budgetWatts: 800 });
  const steps = leader.stage(look(2), { nowMs: 31_000, budgetWatts: 700 });
  assert.deepEqual(steps, ["lease 5 700", "lower a 5.3 300 400"]);
});

Deno.test("C16: compliance comes with the reports, and until then the old budget is claimed", () => {
  const leader = Leader.reigning([target(1, 400)]);
  const look = (grant: string, version: number) => pod("a", { grant, version });
  const on = (applied: string, watts: number, sequence: number) => [
    report("n1", [serving("g1", "a", applied, watts)], sequence),
  ];
  const lease = { ...snapshot().lease!, budgetWatts: 400 };
  leader.stage(
    snapshot({ pods: [look("5.1 800", 41)], reports: on("5.1", 800, 1) }),
    { targets: [target(1, 700)] },
  );
  leader.stage(
    snapshot({ pods: [look("5.1 800", 41)], reports: on("5.1", 800, 1) }),
    { budgetWatts: 400 },
  );
  assert.equal(leader.last?.compliant, false);
  assert.deepEqual(leader.last?.cut, {
    fromWatts: 800,
    toWatts: 400,
    sinceMs: 0,
  });
  const sent = [look("5.3 400 800", 43)];
  leader.stage(
    snapshot({ pods: sent, reports: on("5.1", 800, 1), lease }),
    { budgetWatts: 400, nowMs: 900 },
  );
  assert.equal(leader.last?.compliant, false);
  leader.stage(
    snapshot({ pods: sent, reports: on("5.3", 400, 2), lease }),
    { budgetWatts: 400, nowMs: 1_000 },
  );
  assert.equal(leader.last?.compliant, true);
  assert.equal(leader.last?.cut, undefined);
});

Deno.test("C17: the smaller of own configuration and Lease is in force", () => {
  const leader = Leader.reigning([target(1, 300)]);
  leader.stage(snapshot(), { budgetWatts: 900 });
  assert.equal(leader.last?.budgetInForceWatts, 800);
  leader.stage(snapshot(), { budgetWatts: 700 });
  assert.equal(leader.last?.budgetInForceWatts, 700);
});

Deno.test("C17: a larger budget enters the Lease before any raise rests on it", () => {
  const leader = Leader.reigning([target(1, 700)]);
  const look = {
    pods: [
      pod("a", { grant: "5.1 600" }),
      pod("b", { grant: "5.2 200", side: "prefill" as const }),
    ],
    reports: [report("n1", [
      serving("g1", "a", "5.1", 600),
      serving("g2", "b", "5.2", 200),
    ])],
  };
  assert.deepEqual(leader.stage(snapshot(look), { budgetWatts: 900 }), [
    "lease 5 900",
  ]);
  const lease = { ...snapshot().lease!, budgetWatts: 900 };
  assert.deepEqual(
    leader.stage(snapshot({ ...look, lease }), { budgetWatts: 900 }),
    ["lease 5 900", "raise a 5.3 700 700"],
  );
});

Deno.test("C17: after a take-over an own larger budget counts once it has not changed for 120 s", () => {
  const leader = new Leader([], { budgetWatts: 900 });
  assert.deepEqual(leader.stage(snapshot()), ["lease 6 800"]);
  const lease = { ...snapshot().lease!, epoch: 6 };
  assert.deepEqual(leader.stage(snapshot({ lease }), { nowMs: 119_000 }), []);
  assert.deepEqual(leader.stage(snapshot({ lease }), { nowMs: 120_000 }), [
    "lease 6 900",
  ]);
});

Deno.test("C18: an annotation that a stranger has changed is put right, with a new generation", () => {
  const leader = Leader.reigning([target(1, 300)]);
  assert.deepEqual(
    leader.stage(snapshot({
      pods: [pod("a", { grant: "5.1 300", powerLimit: "650" })],
      reports: [report("n1", [serving("g1", "a", "5.1", 300)])],
    })),
    ["stamp a 5.2 300 300"],
  );
});

Deno.test("C20: a foreign raise is charged, alarmed, and nothing is raised on it", () => {
  const leader = Leader.reigning(SWAP);
  leader.stage(snapshot({
    ...pair({ a: { grant: "5.1 300" } }),
    reports: [report("n1", [
      serving("g1", "a", "5.1", 650),
      serving("g2", "b", "5.2", 300),
    ])],
  }));
  assert.equal(leader.last?.chargedWatts, 950);
  assert(leader.alarms().includes("foreign_raise"));
  assert(leader.alarms().includes("over_budget"));
  assert(leader.waits().some((line) => line.startsWith("budget_room b")));
});

Deno.test("C26: a GPU without persistence mode is an alarm", () => {
  const leader = Leader.reigning([target(1, 300)]);
  leader.stage(snapshot({
    pods: [pod("a", { grant: "5.1 300" })],
    reports: [
      report("n1", [{
        ...serving("g1", "a", "5.1", 300),
        persistenceMode: false,
      }]),
    ],
  }));
  assert(leader.alarms().includes("persistence_off"));
});

Deno.test("the ledger is a plain value", () => {
  const leader = Leader.reigning(SWAP);
  leader.stage(snapshot(pair()), {
    answer: () => ({ kind: "unanswered", reason: "" }),
  });
  assert.deepEqual(
    JSON.parse(JSON.stringify(leader.ledger)),
    JSON.parse(JSON.stringify(structuredClone(leader.ledger))),
  );
  assert.equal(leader.ledger.writes.length, 1);
});
