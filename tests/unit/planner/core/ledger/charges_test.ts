/** `cap-protocol.md` §5 and §6, row by row: what a GPU is charged. @module */

import assert from "node:assert/strict";
import type { FleetSnapshot } from "../../../../../planner/core/mod.ts";
import { gpu, pod, report, serving, snapshot, target } from "./fixtures.ts";
import { Leader } from "./reign.ts";

/** Σ charges of one look, by a leader that knows nothing before. */
function charged(
  look: Partial<FleetSnapshot>,
  settings: ConstructorParameters<typeof Leader>[1] = {},
): number {
  const leader = Leader.reigning([target(2, 300)], settings);
  leader.stage(snapshot(look));
  return leader.last?.chargedWatts ?? NaN;
}

Deno.test("§5 never granted, in its gate: 0", () => {
  assert.equal(
    charged({
      pods: [pod("a")],
      reports: [report("n1", [gpu("g1", { on: "a" })])],
    }),
    0,
  );
});

Deno.test("§5 granted and applied: the grant behind the gate, the limit too once it is open", () => {
  const pods = [pod("a", { grant: "5.3 300 500" })];
  const applied = { on: "a", applied: "5.3" };
  assert.equal(
    charged({ pods, reports: [report("n1", [gpu("g1", applied)])] }),
    300,
  );
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.3", 300)])],
    }),
    300,
  );
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.4", 350)])],
    }),
    350,
  );
});

Deno.test("§5 granted and not applied: grant, bound, and the limit once open", () => {
  const pods = [pod("a", { grant: "5.3 300 500" })];
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.2", 300)])],
    }),
    500,
  );
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "4.9", 600)])],
    }),
    600,
  );
  assert.equal(
    charged({ pods, reports: [report("n1", [gpu("g1", { on: "a" })])] }),
    500,
  );
});

Deno.test("§5 a fractional limit is charged in whole watts, upwards", () => {
  assert.equal(
    charged({
      pods: [pod("a", { grant: "5.3 300" })],
      reports: [report("n1", [serving("g1", "a", "5.3", 300.4)])],
    }),
    301,
  );
});

Deno.test("§5 granted, and the report has the GPU free or another pod's: 0", () => {
  const pods = [pod("a", { grant: "5.3 300" })];
  assert.equal(charged({ pods, reports: [report("n1", [gpu("g1")])] }), 0);
  assert.equal(
    charged({
      pods: [...pods, pod("b")],
      reports: [report("n1", [gpu("g1", { on: "b" })])],
    }),
    0,
  );
});

Deno.test("§5 terminating: the same rows", () => {
  const pods = [pod("a", { grant: "5.3 300 500", terminating: true })];
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.3", 300)])],
    }),
    300,
  );
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.2", 300)])],
    }),
    500,
  );
  assert.equal(charged({ pods, reports: [report("n1", [gpu("g1")])] }), 0);
});

Deno.test("§5 no object: what was charged last; a pod that was never seen: the GPU's maximum", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const reports = [report("n1", [serving("g1", "a", "5.3", 300)])];
  leader.stage(snapshot({ pods: [pod("a", { grant: "5.3 300" })], reports }));
  leader.stage(snapshot({ pods: [], reports }));
  assert.equal(leader.last?.chargedWatts, 300);
  assert.equal(charged({ pods: [], reports }), 700);
});

Deno.test("§5 a pod of somebody else is not ours to charge", () => {
  const reports = [report("n1", [serving("g1", "x", "5.3", 300)])];
  assert.equal(charged({ reports, otherPodUids: ["x"] }), 0);
});

Deno.test("§5 unknown: as its last pod; none named: the GPU's maximum", () => {
  const unknown = { occupancy: "unknown" as const };
  assert.equal(
    charged({
      pods: [pod("a", { grant: "5.3 300" })],
      reports: [
        report("n1", [gpu("g1", {
          ...unknown,
          on: "a",
          applied: "5.3",
          gate: "open",
          limitWatts: 300,
          occupancy: "unknown",
        })]),
      ],
    }),
    300,
  );
  assert.equal(charged({ reports: [report("n1", [gpu("g1", unknown)])] }), 700);
});

Deno.test("§5 no entry: as not applied, for every GPU of the pod", () => {
  const pods = [pod("a", { grant: "5.3 300 500", gpus: 2 })];
  assert.equal(charged({ pods, reports: [] }), 1000);
  assert.equal(
    charged({
      pods,
      reports: [report("n1", [serving("g1", "a", "5.3", 300)])],
    }),
    800,
  );
});

Deno.test("§5 a stale report changes no charge", () => {
  const leader = Leader.reigning([target(1, 300)]);
  const look = {
    pods: [pod("a", { grant: "5.3 300" })],
    reports: [report("n1", [serving("g1", "a", "5.3", 300)])],
  };
  leader.stage(snapshot(look));
  leader.stage(snapshot(look), { nowMs: 3_600_000 });
  assert.equal(leader.last?.chargedWatts, 300);
  assert(leader.alarms().includes("node_lost"));
});

Deno.test("§5 an own write unresolved: at least its watts, until the pod is seen beyond it", () => {
  const leader = Leader.reigning([target(1, 500)]);
  const reports = [report("n1", [serving("g1", "a", "5.3", 300)])];
  const before = snapshot({ pods: [pod("a", { grant: "5.3 300" })], reports });
  assert.deepEqual(
    leader.stage(before, {
      answer: () => ({ kind: "unanswered", reason: "timeout" }),
    }),
    ["lease 5 800", "raise a 5.4 500 500"],
  );
  leader.stage(before);
  assert.equal(leader.last?.chargedWatts, 500);
  const after = pod("a", { grant: "5.3 300", version: 42 });
  leader.stage(snapshot({ pods: [after], reports }), { targets: [] });
  assert.equal(leader.last?.chargedWatts, 300);
});

Deno.test("C27: a GPU that two pods are charged for is counted once, at the larger", () => {
  const leader = Leader.reigning([target(2, 300)]);
  const pods = [
    pod("a", { grant: "5.3 300" }),
    pod("b", { grant: "5.4 400" }),
  ];
  const on = (name: string, order: string, watts: number, sequence: number) =>
    snapshot({
      pods,
      reports: [report("n1", [serving("g1", name, order, watts)], sequence)],
    });
  leader.stage(on("a", "5.3", 300, 1));
  leader.stage(on("b", "5.4", 400, 2));
  // Both have been seen on g1; the report that says so is gone.
  leader.stage(snapshot({ pods, reports: [] }));
  assert.equal(leader.last?.chargedWatts, 400);
});

Deno.test("C10: a pod without the gate is charged the default, or the limit above it, from its creation, and alarms", () => {
  const pods = [pod("a", { gated: false })];
  const leader = Leader.reigning([target(1, 300)], { budgetWatts: 2000 });
  leader.stage(snapshot({ pods, reports: [] }));
  assert.equal(leader.last?.chargedWatts, 700);
  assert(leader.alarms().includes("gate_missing"));
  const reports = [
    report("n1", [gpu("g1", { on: "a", gate: "none", limitWatts: 300 })]),
  ];
  leader.stage(snapshot({ pods, reports }));
  assert.equal(leader.last?.chargedWatts, 700);
});

const NONE = { settings: { startMode: "none" as const } };
const PREARM = {
  settings: { startMode: "prearm" as const, armedAtBoot: true },
};

Deno.test("§6 none: every GPU of the pool stands at its default, idle ones too", () => {
  const reports = [report("n1", [gpu("g1"), gpu("g2", { limitWatts: 300 })])];
  assert.equal(charged({ reports }, NONE), 1400);
});

Deno.test("§6 prearm with the boot unit: the safe default, or the limit above it", () => {
  const reports = [
    report("n1", [gpu("g1", { limitWatts: 490 }), gpu("g2")]),
  ];
  assert.equal(charged({ reports }, PREARM), 490 + 700);
  // Without the boot unit a start may come at the default.
  const bare = { settings: { startMode: "prearm" as const } };
  assert.equal(charged({ reports }, bare), 1400);
});

Deno.test("§6 a confirmed cap counts, and the node's restart is held in reserve", () => {
  const pods = [pod("a", { grant: "5.3 300", gated: false })];
  const on = (watts: number, uuid: string) =>
    gpu(uuid, { on: "a", applied: "5.3", gate: "none", limitWatts: watts });
  assert.equal(
    charged({ pods, reports: [report("n1", [on(300, "g1")])] }, NONE),
    300 + 400,
  );
  // The larger of two nodes: one restarts at a time.
  assert.equal(
    charged({
      pods: [...pods, pod("b", { grant: "5.4 400", gated: false, node: "n2" })],
      reports: [
        report("n1", [on(300, "g1")]),
        report("n2", [
          gpu("g2", { on: "b", applied: "5.4", gate: "none", limitWatts: 400 }),
        ]),
      ],
    }, NONE),
    300 + 400 + 400,
  );
});

Deno.test("§6 without a gate: a pod's first cap costs a start until it is confirmed, a newer one its bound", () => {
  // Two nodes, of which one restarts at a time: what both are charged is seen beside half of what a restart would add.
  const both = (grant: string, applied: string | undefined, watts: number) =>
    charged({
      pods: ["n1", "n2"].map((node) =>
        pod(node, { grant, gated: false, node })
      ),
      reports: ["n1", "n2"].map((node) =>
        report(node, [
          gpu(`g-${node}`, {
            on: node,
            gate: "none",
            limitWatts: watts,
            ...(applied === undefined ? {} : { applied }),
          }),
        ])
      ),
    }, NONE);
  assert.equal(both("5.3 300 500", undefined, 300), 2 * 700);
  assert.equal(both("5.4 380 400", "5.3", 400), 2 * 400 + 300);
  assert.equal(both("5.4 500 600", "5.3", 300), 2 * 600 + 100);
  assert.equal(both("5.4 500 500", "5.3", 550), 2 * 550 + 150);
});

Deno.test("§6 a gate in an init container only: one pod's restart in place is held in reserve", () => {
  const look = {
    pods: [pod("a", { grant: "5.3 300" }), pod("b", { grant: "5.4 400" })],
    reports: [report("n1", [
      serving("g1", "a", "5.3", 300),
      serving("g2", "b", "5.4", 400),
    ])],
  };
  assert.equal(charged(look), 700);
  const init = { settings: { gateInInitContainerOnly: true } };
  assert.equal(charged(look, init), 700 + 400);
});

Deno.test("a deployment that owns its caps is charged what its template says, and nothing is patched", () => {
  const leader = Leader.reigning([target(1, 500)], {
    settings: { capOwner: "deployment" },
  });
  const steps = leader.stage(snapshot({
    pods: [pod("a", { powerLimit: "300", gated: false })],
    reports: [report("n1", [gpu("g1", { on: "a", gate: "none" })])],
  }));
  assert.equal(leader.last?.chargedWatts, 300);
  assert.deepEqual(steps, []);
});

Deno.test("C28: a node that a person has declared dead is charged nothing", () => {
  const look = {
    pods: [pod("a", { grant: "5.3 300", terminating: true })],
    reports: [report("n1", [serving("g1", "a", "5.3", 300)])],
  };
  assert.equal(charged(look), 300);
  assert.equal(charged({ ...look, outOfServiceNodes: ["n1"] }), 0);
});
