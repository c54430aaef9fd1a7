/** The start-up taint goes once every GPU has been enforced, and nothing else of the Node does. @module */

import assert from "node:assert/strict";
import { StartupTaint } from "../../../agent/startup_taint.ts";
import { ApiError } from "../../../cluster/mod.ts";
import { VirtualClock } from "../cluster/virtual_clock.ts";

const TAINT = "wattkeeper.dev/agent-not-ready";

/** A Node, and an API server that may fail at first. */
class World {
  readonly clock = new VirtualClock();
  readonly patches: unknown[] = [];
  readonly lines: string[] = [];
  readonly failures: Error[] = [];
  taints: unknown[] = [
    { key: "nvidia.com/gpu", effect: "NoSchedule" },
    { key: TAINT, effect: "NoSchedule" },
  ];
  readonly taint = new StartupTaint({
    client: {
      get: () => {
        const failure = this.failures.shift();
        return failure
          ? Promise.reject(failure)
          : Promise.resolve({ spec: { taints: this.taints } });
      },
      jsonPatch: (path, operations) => {
        this.patches.push({ path, operations });
        this.taints = this.taints.slice(0, 1);
        return Promise.resolve({});
      },
    },
    nodeName: "gpu-1",
    taint: TAINT,
    clock: this.clock,
    random: () => 0.5,
    log: {
      info: (line) => this.lines.push(line),
      warning: (line) => this.lines.push(line),
    },
  });
}

Deno.test("run() waits until every GPU has been enforced, then takes this one taint, of the list that was read", async () => {
  const world = new World();
  const before = world.taints;
  const running = world.taint.run(new AbortController().signal);
  world.clock.advance(60_000);
  assert.deepEqual(world.patches, []);
  world.taint.enforced();
  await running;
  assert.deepEqual(world.patches, [{
    path: "/api/v1/nodes/gpu-1",
    operations: [
      { op: "test", path: "/spec/taints", value: before },
      {
        op: "replace",
        path: "/spec/taints",
        value: [{ key: "nvidia.com/gpu", effect: "NoSchedule" }],
      },
    ],
  }]);
  assert.equal(world.lines.length, 1);
});

Deno.test("run() writes nothing to a Node without the taint", async () => {
  const world = new World();
  world.taints = [];
  world.taint.enforced();
  await world.taint.run(new AbortController().signal);
  assert.deepEqual(world.patches, []);
});

Deno.test("run() tries again until the API server lets it, and says once why it does not", async () => {
  const world = new World();
  for (let i = 0; i < 3; i++) {
    world.failures.push(
      new ApiError("forbidden", "nodes is forbidden", { status: 403 }),
    );
  }
  world.taint.enforced();
  const running = world.taint.run(new AbortController().signal);
  for (let i = 0; i < 3; i++) {
    await world.clock.untilSleeping();
    world.clock.advance(15_000);
  }
  await running;
  assert.equal(world.patches.length, 1);
  assert.deepEqual(
    world.lines.map((line) => /cannot be taken off/.test(line)),
    [true, false],
  );
});

Deno.test("run() ends with its signal", async () => {
  const world = new World();
  const stop = new AbortController();
  const running = world.taint.run(stop.signal);
  stop.abort();
  await running;
  assert.deepEqual(world.patches, []);
});
