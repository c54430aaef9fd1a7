/** Replicas: what is scaled when (P46, P50, P51, R13, C13, R43). @module */

import assert from "node:assert/strict";
import {
  initialLedger,
  type SideInventory,
  stage,
} from "../../../../../planner/core/mod.ts";
import {
  GATE,
  gpu,
  lines,
  pod,
  report,
  serving,
  snapshot,
  target,
} from "./fixtures.ts";
import { Leader } from "./reign.ts";

function side(change: Partial<SideInventory> = {}): SideInventory {
  return {
    targetReplicas: 2,
    readyReplicas: 2,
    startingReplicas: 0,
    rollout: "settled",
    gpusPerReplica: 1,
    ...change,
  };
}

function scaled(
  decode: Partial<SideInventory>,
  replicas: number,
): string[] {
  const leader = Leader.reigning([target(replicas, 300)]);
  return leader.stage(snapshot({ sides: { decode: side(decode) } }));
}

Deno.test("behind the gate a side grows at once: its pods draw nothing before they are granted", () => {
  assert.deepEqual(scaled({}, 9), ["lease 5 800", "scale decode 2 to 9"]);
});

Deno.test("a side that is as wanted is left alone", () => {
  assert.deepEqual(scaled({}, 2), []);
});

Deno.test("a side shrinks whatever goes on, and needs no Lease PUT for it", () => {
  for (const rollout of ["settled", "rolling", "failed", "unknown"] as const) {
    assert.deepEqual(scaled({ rollout }, 1), ["scale decode 2 to 1"]);
  }
});

Deno.test("P50: no side grows in a rollout, nor when nobody knows whether there is one", () => {
  for (const rollout of ["rolling", "failed", "unknown"] as const) {
    assert.deepEqual(scaled({ rollout }, 3), []);
  }
});

Deno.test("P51: an unknown target count is written down to what serves, and never up", () => {
  const unknown = { targetReplicas: undefined };
  assert.deepEqual(scaled(unknown, 1), ["scale decode undefined to 1"]);
  assert.deepEqual(scaled(unknown, 3), []);
  assert.deepEqual(scaled({ ...unknown, readyReplicas: undefined }, 1), []);
});

Deno.test("without power awareness replicas are scaled, and nothing else", () => {
  const { transition } = stage(initialLedger(), {
    snapshot: snapshot({
      pods: [pod("a", { grant: "5.1 300" })],
      sides: { decode: side() },
    }),
    targets: [{ ...target(3, 300), capWatts: undefined }],
    config: GATE,
    budgetWatts: undefined,
    nowMs: 0,
  });
  assert.deepEqual(lines(transition.steps), ["scale decode 2 to 3"]);
  assert.equal(transition.chargedWatts, 0);
});

Deno.test("without power awareness who does not hold the Lease writes nothing", () => {
  const { transition } = stage(initialLedger(), {
    snapshot: snapshot({
      sides: { decode: side() },
      lease: { ...snapshot().lease!, heldByUs: false },
    }),
    targets: [target(3, 300)],
    config: GATE,
    budgetWatts: undefined,
    nowMs: 0,
  });
  assert.deepEqual(transition.steps, []);
});

/** Two nodes of two GPUs; a and b serve at 300 W without a gate. */
function pool(free: number) {
  const on = (uuid: string, name: string, applied: string) =>
    gpu(uuid, { on: name, applied, gate: "none", limitWatts: 300 });
  const idle = Array.from({ length: free }, (_, i) => gpu(`idle-${i}`));
  return {
    pods: [
      pod("a", { grant: "5.1 300", gated: false }),
      pod("b", { grant: "5.2 300", gated: false, node: "n2" }),
    ],
    reports: [
      report("n1", [on("g1", "a", "5.1"), ...idle]),
      report("n2", [on("g2", "b", "5.2")]),
    ],
    sides: { decode: side() },
  };
}

function grown(free: number, budgetWatts: number, replicas: number) {
  const leader = Leader.reigning([target(replicas, 300)], {
    budgetWatts,
    settings: { startMode: "none" },
  });
  const lease = { ...snapshot().lease!, budgetWatts };
  return {
    steps: leader.stage(snapshot({ ...pool(free), lease })),
    waits: leader.last?.waits.map(({ kind, watts }) => `${kind} ${watts}`),
  };
}

Deno.test("R42, C13: without a gate a side grows into idle GPUs, which are charged for a start already", () => {
  // 300 + 700 + 300, and 400 in reserve.
  assert.deepEqual(grown(1, 1_700, 3).steps, [
    "lease 5 1700",
    "scale decode 2 to 3",
  ]);
});

Deno.test("without a gate nothing grows while what is charged passes the budget", () => {
  const { steps, waits } = grown(1, 1_699, 3);
  // Lowering both by a watt costs one in reserve: 299 + 299 + 700, and 401.
  assert.deepEqual(steps, ["lower a 5.3 299 300", "lower b 5.4 299 300"]);
  assert(waits?.includes("budget_room 1"), `${waits}`);
});

Deno.test("without a gate a start beyond the known GPUs is charged in full", () => {
  const { steps, waits } = grown(1, 1_700, 4);
  assert.deepEqual(steps, []);
  assert(waits?.includes("budget_room 700"), `${waits}`);
});

Deno.test("growth that is under way takes its idle GPUs with it", () => {
  const leader = Leader.reigning([target(4, 300)], {
    budgetWatts: 2_400,
    settings: { startMode: "none" },
  });
  const look = snapshot({
    ...pool(2),
    // Scaled to 3 already, and its pod is not there yet.
    sides: { decode: side({ targetReplicas: 3 }) },
    lease: { ...snapshot().lease!, budgetWatts: 2_400 },
  });
  assert.deepEqual(leader.stage(look), ["lease 5 2400", "scale decode 3 to 4"]);
  assert.deepEqual(
    leader.stage(look, { targets: [target(5, 300)] }),
    [],
  );
});

Deno.test("R13: without a gate an opposing rebalance shrinks first and grows when that is done", () => {
  const leader = Leader.reigning(
    [target(2, 700, "prefill"), target(1, 700)],
    { budgetWatts: 2_100, settings: { startMode: "none" } },
  );
  const look = (decode: Partial<SideInventory>, decodePods: string[]) =>
    snapshot({
      pods: [
        pod("p", { grant: "5.1 700", gated: false, side: "prefill" }),
        ...decodePods.map((name, index) =>
          pod(name, { grant: `5.${index + 2} 700`, gated: false })
        ),
      ],
      reports: [
        report(
          "n1",
          [
            ["p", "5.1"],
            ["a", "5.2"],
            ["b", "5.3"],
          ].map(([on, applied], index) =>
            on === "p" || decodePods.includes(on!)
              ? gpu(`g${index}`, { on: on!, applied: applied!, gate: "none" })
              : gpu(`g${index}`)
          ),
          decodePods.length === 2 ? 1 : 2,
        ),
      ],
      sides: {
        prefill: side({ targetReplicas: 1, readyReplicas: 1 }),
        decode: side(decode),
      },
      lease: { ...snapshot().lease!, budgetWatts: 2_100 },
    });
  assert.deepEqual(leader.stage(look({}, ["a", "b"])), ["scale decode 2 to 1"]);
  assert.deepEqual(
    leader.last?.waits.map(({ kind, watts }) => `${kind} ${watts}`),
    ["pod_terminating 700"],
  );
  const draining = look({ targetReplicas: 1 }, ["a", "b"]);
  assert.deepEqual(leader.stage(draining), []);
  const done = look({ targetReplicas: 1, readyReplicas: 1 }, ["a"]);
  assert.deepEqual(leader.stage(done), [
    "lease 5 2100",
    "scale prefill 1 to 2",
  ]);
});

Deno.test("a surge pod is let in by lowering others, down to their minimum", () => {
  const leader = Leader.reigning([target(2, 400)]);
  const steps = leader.stage(snapshot({
    pods: [
      pod("a", { grant: "5.1 400" }),
      pod("b", { grant: "5.2 400" }),
      pod("c"),
    ],
    sides: { decode: side({ rollout: "rolling" }) },
    reports: [report("n1", [
      serving("g1", "a", "5.1", 400),
      serving("g2", "b", "5.2", 400),
      gpu("g3", { on: "c" }),
    ])],
  }));
  assert.deepEqual(steps, ["lower a 5.3 266 400", "lower b 5.4 266 400"]);
  assert(leader.waits().some((line) => line.startsWith("budget_room c")));
});

Deno.test("a pod beyond the target count keeps its grant until it goes, and is not let in anew", () => {
  const leader = Leader.reigning([target(1, 400)]);
  const steps = leader.stage(snapshot({
    pods: [
      pod("a", { grant: "5.1 300" }),
      pod("b", { grant: "5.2 300" }),
      pod("c"),
    ],
    sides: { decode: side({ targetReplicas: 1 }) },
    reports: [report("n1", [
      serving("g1", "a", "5.1", 300),
      serving("g2", "b", "5.2", 300),
      gpu("g3", { on: "c" }),
    ])],
  }));
  assert.deepEqual(steps, []);
});

Deno.test("a replica over two nodes is let in as a whole or not at all", () => {
  const parts = (place: boolean) =>
    snapshot({
      pods: [
        pod("r-0", { replica: "r" }),
        pod("r-1", { replica: "r", node: "n2" }),
      ],
      sides: { decode: side({ targetReplicas: 1 }) },
      reports: [
        report("n1", [gpu("g1", { on: "r-0" })]),
        ...(place ? [report("n2", [gpu("g2", { on: "r-1" })])] : []),
      ],
    });
  const leader = Leader.reigning([target(1, 300, "decode", 2)]);
  assert.deepEqual(leader.stage(parts(false)), []);
  assert.deepEqual(leader.waits(), ["pod_not_placed r-1"]);
  assert.deepEqual(leader.stage(parts(true)), [
    "lease 5 800",
    "grant r-0 5.1 300 300",
    "grant r-1 5.2 300 300",
  ]);
});

Deno.test("the side that lacks most of its own is let in first", () => {
  const leader = Leader.reigning(
    [target(1, 400, "prefill"), target(2, 400)],
    { budgetWatts: 1_000 },
  );
  const steps = leader.stage(snapshot({
    pods: [
      pod("d1", { grant: "5.1 400" }),
      pod("d2"),
      pod("p1", { side: "prefill" }),
    ],
    sides: { decode: side(), prefill: side({ targetReplicas: 1 }) },
    reports: [report("n1", [
      serving("g1", "d1", "5.1", 400),
      gpu("g2", { on: "d2" }),
      gpu("g3", { on: "p1" }),
    ])],
    lease: { ...snapshot().lease!, budgetWatts: 1_000 },
  }));
  // All three fit squeezed; the grant for prefill comes first, d2 waits for the lower of d1.
  assert.deepEqual(steps, [
    "lease 5 1000",
    "lower d1 5.2 333 400",
    "grant p1 5.3 333 333",
  ]);
});

Deno.test("a pod without the gate serves, and nobody is let in in its place", () => {
  const leader = Leader.reigning([target(1, 300)], { budgetWatts: 2_000 });
  leader.stage(snapshot({
    pods: [pod("a", { gated: false }), pod("b")],
    sides: { decode: side({ targetReplicas: 1 }) },
    reports: [report("n1", [
      gpu("g1", { on: "a", gate: "none" }),
      gpu("g2", { on: "b" }),
    ])],
    lease: { ...snapshot().lease!, budgetWatts: 2_000 },
  }));
  assert.deepEqual(leader.last?.steps, []);
});

Deno.test("R43: what targets lack is named, replicas that are not there yet counted", () => {
  const leader = Leader.reigning([target(3, 400)]);
  const look = snapshot({
    pods: [pod("a", { grant: "5.1 400" })],
    sides: { decode: side({ targetReplicas: 3 }) },
    reports: [report("n1", [serving("g1", "a", "5.1", 400)])],
  });
  leader.stage(look);
  assert.deepEqual(leader.last?.unreachable, { missingWatts: 400 });
  leader.stage(look, { targets: [target(2, 400)] });
  assert.equal(leader.last?.unreachable, undefined);
});

Deno.test("R43: without a gate replicas to come are charged as idle GPUs already", () => {
  // 300 + 700 + 300, and 400 in reserve.
  const leader = Leader.reigning([target(3, 700)], {
    budgetWatts: 2_100,
    settings: { startMode: "none" },
  });
  const lease = { ...snapshot().lease!, budgetWatts: 2_100 };
  leader.stage(snapshot({ ...pool(1), lease }));
  assert.equal(leader.last?.unreachable, undefined);
});
