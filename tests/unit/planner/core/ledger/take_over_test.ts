/** The planner's rules C11–C17 of the cap protocol, each by its number, and what strangers do. @module */

import assert from "node:assert/strict";
import {
  GATE,
  gpu,
  lines,
  pair,
  pod,
  type PodChange,
  report,
  serving,
  snapshot,
  SWAP,
  target,
} from "./fixtures.ts";
import { initialLedger, stage } from "../../../../../planner/core/mod.ts";
import { Leader } from "./reign.ts";

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

Deno.test("C16: a new leader declares no compliance before it has stamped: a raise of its predecessor may still land", () => {
  const leader = new Leader([target(1, 300, "prefill"), target(1, 300)]);
  const look = snapshot(pair());
  leader.stage(look);
  assert.equal(leader.last?.chargedWatts, 800);
  assert.equal(leader.last?.compliant, false);
  leader.stage(look, { answer: () => ({ kind: "conflict", reason: "" }) });
  assert.equal(leader.last?.compliant, false);
  leader.stage(look);
  leader.stage(look);
  assert.equal(leader.last?.compliant, true);
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

Deno.test("C17: a leader that was frozen while another one cut the budget does not trust what it had read before", () => {
  const leader = Leader.reigning([target(1, 700)], { budgetWatts: 800 });
  leader.ledger = {
    ...leader.ledger,
    reign: {
      kind: "held",
      epoch: 5,
      transitions: 2,
      unstamped: [],
      unfenced: [],
    },
  };
  const cut = {
    ...snapshot().lease!,
    epoch: 6,
    transitions: 4,
    budgetWatts: 500,
  };
  const at = (nowMs: number, epoch = 7) =>
    leader.stage(snapshot({ lease: { ...cut, epoch } }), { nowMs });
  assert.deepEqual(at(50_000, 6), ["lease 7 500"]);
  at(169_999);
  assert.equal(leader.last?.budgetInForceWatts, 500);
  assert.deepEqual(at(169_999), []);
  assert.deepEqual(at(170_000), ["lease 7 800"]);
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

Deno.test("an adviser plans what a leader would write, and has no reign afterwards", () => {
  const lease = { ...snapshot().lease!, heldByUs: false, holder: "other" };
  const { ledger, transition } = stage(initialLedger(), {
    snapshot: snapshot({ ...pair(), lease }),
    targets: SWAP,
    config: GATE,
    budgetWatts: 800,
    nowMs: 0,
    assumeLeader: true,
  });
  assert.deepEqual(lines(transition.steps), ["lower a 6.1 300 500"]);
  assert.deepEqual(ledger.reign, { kind: "none" });
});
