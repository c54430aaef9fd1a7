/** While workers load they stand at their minimum, and those that serve keep what the room allows. @module */

import assert from "node:assert/strict";
import type { FleetPod } from "../../../../../planner/core/mod.ts";
import {
  gpu,
  pod,
  type PodChange,
  report,
  serving,
  snapshot,
  target,
} from "./fixtures.ts";
import { Leader } from "./reign.ts";

/** `a` serves at 600 W; `b`, on a GPU of its own, is new. */
function growing(
  b: Partial<FleetPod> & { readonly grant?: string } = {},
  a: PodChange = {},
) {
  const { grant, ...rest } = b;
  return snapshot({
    pods: [
      pod("a", { grant: "5.1 600", ...a }),
      {
        ...pod("b", grant === undefined ? {} : { grant, version: 50 }),
        unready: true,
        ...rest,
      },
    ],
    reports: [report("n1", [
      serving("g1", "a", a.grant?.split(" ")[0] ?? "5.1", 600),
      grant === undefined
        ? gpu("g2", { on: "b" })
        : serving("g2", "b", grant.split(" ")[0] ?? "", 200),
    ])],
  });
}

Deno.test("a new replica loads at its GPU's minimum, and the one that serves keeps its cap", () => {
  const leader = Leader.reigning([target(2, 400)]);
  assert.deepEqual(leader.stage(growing()), [
    "lease 5 800",
    "grant b 5.2 200 200",
  ]);
  assert.deepEqual(leader.waits(), ["start_up b 400"]);
  assert.equal(leader.last?.settled, false);
});

Deno.test("once it serves, the other is lowered first, and it is raised when that is confirmed", () => {
  const leader = Leader.reigning([target(2, 400)]);
  leader.stage(growing());
  leader.stage(growing({ grant: "5.2 200" }));
  const serves = growing({ grant: "5.2 200", unready: false });
  assert.deepEqual(leader.stage(serves), ["lower a 5.3 400 600"]);
  const lowered = {
    ...growing({ grant: "5.2 200", unready: false }, {
      grant: "5.3 400 600",
      version: 60,
    }),
    reports: [report("n1", [
      serving("g1", "a", "5.3", 400),
      serving("g2", "b", "5.2", 200),
    ], 2)],
  };
  assert.deepEqual(leader.stage(lowered), [
    "lease 5 800",
    "raise b 5.4 400 400",
  ]);
});

Deno.test("with room for both it has its cap at once", () => {
  const leader = Leader.reigning([target(2, 600)], { budgetWatts: 1200 });
  const lease = { ...snapshot().lease!, budgetWatts: 1200 };
  assert.deepEqual(leader.stage({ ...growing(), lease }), [
    "lease 5 1200",
    "grant b 5.2 600 600",
  ]);
});

Deno.test("where the room is less, the serving one gives up a quarter of the way at a time", () => {
  const leader = Leader.reigning([target(2, 300)], { budgetWatts: 750 });
  const lease = { ...snapshot().lease!, budgetWatts: 750 };
  // 300 + 3/4 × (600 − 300) = 525, and 200 for the new one.
  assert.deepEqual(leader.stage({ ...growing(), lease }), [
    "lower a 5.2 525 600",
  ]);
});

Deno.test("replicas that have no pod yet are waited for too, for five minutes", () => {
  const leader = Leader.reigning([target(2, 400)]);
  const alone = snapshot({
    pods: [pod("a", { grant: "5.1 600" })],
    reports: [report("n1", [serving("g1", "a", "5.1", 600)])],
    sides: {
      decode: {
        targetReplicas: 2,
        readyReplicas: 1,
        startingReplicas: 0,
        rollout: "rolling",
        gpusPerReplica: 1,
      },
    },
  });
  assert.deepEqual(leader.stage(alone), []);
  assert.deepEqual(leader.stage(alone, { nowMs: 300_000 }), [
    "lower a 5.2 400 600",
  ]);
});

Deno.test("a worker that has served once does not load when it is not ready", () => {
  const leader = Leader.reigning([target(2, 300)]);
  leader.stage(growing({ grant: "5.2 200", unready: false }));
  const again = Leader.reigning([target(2, 300)]);
  again.ledger = leader.ledger;
  assert.deepEqual(
    again.stage(growing({ grant: "5.2 200", unready: true })),
    leader.stage(growing({ grant: "5.2 200", unready: false })),
  );
  assert.deepEqual(again.waits(), leader.waits());
});

Deno.test("half an hour is enough for any worker to load", () => {
  const leader = Leader.reigning([target(2, 400)]);
  leader.stage(growing());
  const loads = (sequence: number) => ({
    ...growing({ grant: "5.2 200" }),
    reports: [report("n1", [
      serving("g1", "a", "5.1", 600),
      serving("g2", "b", "5.2", 200),
    ], sequence)],
  });
  assert.deepEqual(leader.stage(loads(2), { nowMs: 1_799_999 }), []);
  assert.deepEqual(leader.stage(loads(3), { nowMs: 1_800_000 }), [
    "lower a 5.3 400 600",
  ]);
});

Deno.test("C15: a cut lowers every cap at once, whoever loads", () => {
  const leader = Leader.reigning([target(2, 250)], { budgetWatts: 500 });
  const lease = { ...snapshot().lease!, budgetWatts: 800 };
  assert.deepEqual(leader.stage({ ...growing({ grant: "5.2 200" }), lease }), [
    "lease 5 500",
    "lower a 5.3 250 600",
  ]);
});

Deno.test("what a loading worker has already is not taken from it", () => {
  const leader = Leader.reigning([target(2, 400)], { budgetWatts: 1000 });
  const lease = { ...snapshot().lease!, budgetWatts: 1000 };
  const loads = {
    ...growing({ grant: "5.2 350" }),
    reports: [report("n1", [
      serving("g1", "a", "5.1", 600),
      serving("g2", "b", "5.2", 350),
    ])],
    lease,
  };
  assert.deepEqual(leader.stage(loads), []);
});
