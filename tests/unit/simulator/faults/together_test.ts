/** Faults together, and what outlasts them. @module */

import assert from "node:assert/strict";
import { gpu, grant, N1, world } from "./struck_world.ts";

Deno.test("a node that was declared dead is so until it is up again, whatever else has it down", () => {
  const struck = world([
    {
      kind: "node_lost",
      atMs: 30_000,
      durationMs: 10_000,
      outOfService: true,
      ...N1,
    },
    { kind: "node_reboot", atMs: 35_000, downMs: 20_000, ...N1 },
  ]);
  struck.advance(15_000);
  assert.deepEqual(struck.faults.outOfServiceNodes(), ["n1"]);
  struck.advance(15_000);
  assert.deepEqual(struck.faults.outOfServiceNodes(), []);
});

Deno.test("a record that was lost and not rebuilt is not there at the next start either", () => {
  const struck = world([
    { kind: "agent_down", atMs: 30_000, durationMs: 10_000, ...N1 },
    { kind: "record_lost", atMs: 35_000, ...N1 },
  ]);
  const stands = gpu(struck);
  struck.advance(15_000);
  assert.equal(stands.limitWatts, 300);
  struck.controllers.evict(stands.podUid!, struck.nowMs);
  struck.api.setScaler("prefill", 0);
  struck.api.setScaler("decode", 0);
  struck.advance(30_000);
  // Back to the default, for what stood before us was on the record.
  assert.equal(stands.limitWatts, 700);
});

Deno.test("a release that the device turned into another limit is finished by an agent that has lost its record", () => {
  const struck = world([
    {
      kind: "nvml_clamps",
      atMs: 30_000,
      durationMs: 30_000,
      maxWatts: 559,
      ...N1,
    },
    { kind: "record_lost", atMs: 50_000, ...N1 },
  ]);
  const stands = gpu(struck);
  struck.controllers.evict(stands.podUid!, struck.nowMs);
  struck.api.setScaler("prefill", 0);
  struck.api.setScaler("decode", 0);
  struck.advance(18_000);
  assert.equal(stands.podUid, undefined);
  assert.equal(stands.limitWatts, 559);
  assert.equal(struck.api.report("n1")?.gpus[stands.index]?.state, "refused");
  struck.advance(40_000);
  assert.equal(stands.limitWatts, 700);
});

Deno.test("watch_frozen: pods and reports are watched apart, and planners by their names", () => {
  const struck = world([{
    kind: "watch_frozen",
    atMs: 30_000,
    durationMs: 60_000,
    who: "planner-2",
    what: "reports",
  }]);
  const [first, second] = [
    struck.watch("planner-1"),
    struck.watch("planner-2"),
  ];
  struck.advance(1_000);
  grant(struck, gpu(struck).podUid!, 400, 2);
  struck.advance(12_000);
  const shown = (view: typeof first) => [
    view.pods().some(({ pod }) => pod.powerLimit === "400"),
    view.reports().some(({ gpus }) =>
      gpus.some(({ limitWatts }) => limitWatts === 400)
    ),
  ];
  assert.deepEqual(shown(first), [true, true]);
  assert.deepEqual(shown(second), [true, false]);
});

Deno.test("an agent that starts sees an old cache first, and follows nothing older than its record from it (C22)", () => {
  const struck = world([
    { kind: "agent_down", atMs: 80_000, durationMs: 3_000, ...N1 },
  ]);
  const uid = gpu(struck).podUid!;
  struck.advance(45_000);
  grant(struck, uid, 250, 2);
  struck.advance(4_000);
  assert.equal(gpu(struck).limitWatts, 250);
  struck.advance(4_100);
  // The agent has just started: its cache is from before the lower.
  const seen = struck.nodes[0]!.view.pods().find(({ pod }) => pod.uid === uid);
  assert.equal(seen?.pod.powerLimit, "300");
  struck.advance(900);
  assert.equal(gpu(struck).limitWatts, 250);
  struck.advance(2_000);
  assert.equal(gpu(struck).limitWatts, 250);
});
