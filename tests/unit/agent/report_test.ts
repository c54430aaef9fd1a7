/** The report says what was read back, and confirms nothing that was not (R40, C19). @module */

import assert from "node:assert/strict";
import type { NodePowerReport } from "../../../agent/ports.ts";
import { CappedShare, reportOf } from "../../../agent/report.ts";
import type { Reconciler } from "../../../agent/reconciler.ts";
import {
  decodeNodePowerReport,
  encodeNodePowerReport,
} from "../../../cluster/mod.ts";
import { granted, pod } from "./situations.ts";
import { World } from "./world.ts";

function report(agent: Reconciler): NodePowerReport {
  return reportOf(agent.statuses(), {
    nodeName: "n1",
    agentVersion: "1.2.3",
    bootId: "boot-1",
    driverSession: "boot-1-1",
    safeDefaultWatts: 500,
  }, {
    sequence: 7,
    observedAt: new Date("2026-11-26T10:00:00Z"),
    share: () => 0.25,
  });
}

async function worldWith(grant = granted("a", "5.3", 300)) {
  const world = new World();
  world.pods = [grant];
  world.placed.set(0, ["a"]);
  return { world, agent: await world.start() };
}

Deno.test("R40: every field is there, under its name, through the API's form", async () => {
  const { agent } = await worldWith();
  await agent.pass("interval");
  const encoded = encodeNodePowerReport(report(agent));
  assert.deepEqual(encoded, {
    apiVersion: "wattkeeper.dev/v1alpha1",
    kind: "NodePowerReport",
    metadata: { name: "n1" },
    status: {
      observedAt: "2026-11-26T10:00:00.000Z",
      agentVersion: "1.2.3",
      bootId: "boot-1",
      driverSession: "boot-1-1",
      safeDefaultWatts: 500,
      sequence: 7,
      gpus: [{
        uuid: "GPU-51000000-0000-4000-8000-000000000000",
        index: 0,
        model: "Simulated H200",
        minWatts: 200,
        maxWatts: 700,
        defaultWatts: 700,
        requestedWatts: 300,
        effectiveWatts: 300,
        limitWatts: 300,
        drawWatts: 75,
        powerCappedShare: 0.25,
        appliedGeneration: "5.3",
        occupancy: "pod",
        gate: "waiting",
        persistenceMode: true,
        pod: { namespace: "ns", name: "a", uid: "a" },
        state: "enforced",
        reason: "",
      }],
    },
  });
  assert.equal(decodeNodePowerReport(encoded).kind, "report");
});

Deno.test("C19: a refused write reports the limit that was read, and the old generation", async () => {
  const { world, agent } = await worldWith(granted("a", "5.3", 500));
  await agent.pass("interval");
  world.gpus[0]!.respond = () => 450;
  world.pods = [granted("a", "5.4", 300)];
  await agent.pass("event");
  const [gpu] = report(agent).gpus;
  assert.equal(gpu?.state, "refused");
  assert.equal(gpu?.requestedWatts, 300);
  assert.equal(gpu?.limitWatts, 450);
  assert.deepEqual(gpu?.appliedGeneration, { epoch: 5, sequence: 3 });
});

Deno.test("C19: a GPU that does not answer confirms nothing", async () => {
  const { world, agent } = await worldWith();
  await agent.pass("interval");
  world.gpus[0]!.faults.limits = 15;
  await agent.pass("event");
  const [gpu] = report(agent).gpus;
  assert.equal(gpu?.appliedGeneration, undefined);
  assert.equal(gpu?.limitWatts, undefined);
  assert.equal(gpu?.state, "unknown");
});

Deno.test("R40: the larger of management and enforced limit is what is charged", async () => {
  const { world, agent } = await worldWith();
  world.gpus[0]!.outOfBandWatts = 250;
  await agent.pass("interval");
  const [gpu] = report(agent).gpus;
  assert.equal(gpu?.effectiveWatts, 250);
  assert.equal(gpu?.limitWatts, 300);
});

Deno.test("R40: occupancy, gate and state of what is not a granted pod", async () => {
  const { world, agent } = await worldWith(pod("a"));
  await agent.pass("interval");
  const seen = () => {
    const [gpu] = report(agent).gpus;
    return [gpu?.occupancy, gpu?.gate, gpu?.state];
  };
  assert.deepEqual(seen(), ["pod", "none", "unmanaged"]);
  world.placed.set(0, "unknown");
  await agent.pass("event");
  assert.deepEqual(seen(), ["unknown", "none", "unknown"]);
  world.placed.set(0, "not_a_pod");
  await agent.pass("event");
  assert.equal(seen()[0], "unknown");
  world.pods = [];
  world.placed.clear();
  await agent.pass("event");
  assert.equal(seen()[0], "unknown", "C24: not before 5 s");
  await world.clock.advance(5_000);
  await agent.pass("event");
  assert.deepEqual(seen(), ["free", "none", "unmanaged"]);
});

Deno.test("R14a: the capped share is of the time between two readings, and starts anew with the driver", async () => {
  const { world, agent } = await worldWith();
  const share = new CappedShare();
  const gpu = world.gpus[0]!;
  const read = async (atMs: number, violation: bigint) => {
    gpu.violationNanoseconds = violation;
    await world.clock.advance(1_000);
    await agent.pass("interval");
    return share.next(agent.statuses()[0]!, atMs);
  };
  assert.equal(await read(0, 5_000_000_000n), undefined);
  assert.equal(await read(10_000, 7_500_000_000n), 0.25);
  assert.equal(await read(20_000, 7_500_000_000n), 0);
  assert.equal(await read(30_000, 0n), undefined, "the driver was reloaded");
  assert.equal(await read(40_000, 99_000_000_000n), 1);
});
