/** Faults as data: when they begin and end, and that the end of one is not the end of another. @module */

import assert from "node:assert/strict";
import {
  ActiveFaults,
  courseAt,
  endOf,
  type Fault,
  FaultPlayer,
} from "../../../../simulator/mod.ts";

function player(faults: readonly Fault[]) {
  const told: string[] = [];
  const made = new FaultPlayer(faults, new ActiveFaults(), [{
    begin: ({ kind }) => told.push(`${kind} begins`),
    end: ({ kind }) => told.push(`${kind} ends`),
  }]);
  return { player: made, told };
}

Deno.test("overlapping faults of one kind do not clear each other", () => {
  const { player: made } = player([
    { kind: "agent_down", node: "n1", atMs: 0, durationMs: 10 },
    { kind: "agent_down", node: "n1", atMs: 5, durationMs: 20 },
  ]);
  made.playUntil(12);
  assert.equal(made.active.agentIsDown("n1"), true);
  made.playUntil(25);
  assert.equal(made.active.agentIsDown("n1"), false);
});

Deno.test("an instant is told once and is never on", () => {
  const { player: made, told } = player([
    { kind: "pod_killed", side: "decode", index: 0, atMs: 7 },
  ]);
  assert.equal(made.nextMs, 7);
  assert.equal(made.playUntil(6), false);
  assert.equal(made.playUntil(7), true);
  assert.deepEqual(told, ["pod_killed begins"]);
  assert.equal(made.active.none, true);
  assert.equal(made.nextMs, Infinity);
});

Deno.test("what has no end lasts", () => {
  const { player: made } = player([{ kind: "api_down", atMs: 3 }]);
  made.playUntil(1e9);
  assert.equal(made.active.has("api_down"), true);
  assert.equal(made.lastMs, 3);
});

Deno.test("a fault's own length is its duration", () => {
  assert.equal(endOf({ kind: "planner_crash", atMs: 5, downMs: 10 }), 15);
  assert.equal(
    endOf({ kind: "node_reboot", node: "n", atMs: 1, downMs: 2 }),
    3,
  );
});

Deno.test("a time that is none is refused, naming the fault", () => {
  assert.throws(
    () => player([{ kind: "api_down", atMs: -1 }]),
    /"api_down" lasts from -1/,
  );
});

Deno.test("the longest lag and the hottest share count", () => {
  const active = new ActiveFaults();
  active.begin({ kind: "watch_lag", who: "all", lagMs: 5, atMs: 0 });
  active.begin({ kind: "watch_lag", who: "agents", lagMs: 9, atMs: 0 });
  assert.equal(active.watchLagMs("planner", "pods"), 5);
  assert.equal(active.watchLagMs("n1", "pods"), 9);
  const heat = { kind: "gpu_thermal", node: "n1", gpu: 0, atMs: 0 } as const;
  active.begin({ ...heat, share: 0.8 });
  active.begin({ ...heat, share: 0.5 });
  assert.equal(active.thermalShare("n1", 0), 0.5);
  assert.equal(active.thermalShare("n1", 1), 1);
});

Deno.test("biases of one signal multiply", () => {
  const active = new ActiveFaults();
  active.begin({ kind: "bias", signal: "itl", value: 1.5, atMs: 0 });
  active.begin({
    kind: "bias",
    signal: "itl",
    ramp: { from: 1, to: 3 },
    atMs: 0,
    durationMs: 100,
  });
  assert.equal(active.bias("itl", 50), 3);
  assert.equal(active.bias("ttft", 50), 1);
});

Deno.test("the sine of a course is a sine within 0.0011, without the function", () => {
  const course = { sine: { mean: 1, amplitude: 1, periodMs: 1_000 } };
  for (let ms = 0; ms < 2_000; ms += 7) {
    const exact = 1 + Math.sin(2 * Math.PI * ms / 1_000);
    const found = courseAt(course, ms, Infinity);
    assert(Math.abs(found - exact) < 0.0012, `${ms}: ${found} and ${exact}`);
  }
});
