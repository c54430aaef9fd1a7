/** Passes over a node in memory: writes only on difference, reads back, repairs, releases, survives restarts. @module */

import assert from "node:assert/strict";
import { reportOf } from "../../../agent/report.ts";
import { annotated, granted, pod } from "./situations.ts";
import { World } from "./world.ts";

async function capped(watts = "300"): Promise<
  { world: World; agent: Awaited<ReturnType<World["start"]>> }
> {
  const world = new World();
  world.pods = [annotated("a", watts)];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  assert.equal((await agent.pass("interval")).good, true);
  return { world, agent };
}

Deno.test("pass() sets what a pod asks for, reads it back and records it", async () => {
  const { world, agent } = await capped();
  assert.equal(world.watts(), 300);
  const [status] = agent.statuses();
  assert.equal(status?.outcome.state, "enforced");
  assert.equal(status?.entry?.applied?.watts, 300);
  assert.equal(status?.entry?.beforeWatts, 700);
});

Deno.test("pass() writes only on difference", async () => {
  const { world, agent } = await capped();
  for (let i = 0; i < 10; i++) await agent.pass("interval");
  assert.deepEqual(world.gpus[0]!.sets, [300]);
  assert.equal(agent.counts.writes, 1);
});

Deno.test("pass() repairs a foreign change and counts it", async () => {
  const { world, agent } = await capped();
  world.gpus[0]!.managementWatts = 700;
  assert.equal(await agent.check(), true);
  const result = await agent.pass("event");
  assert.equal(world.watts(), 300);
  assert.equal(agent.counts.drifts, 1);
  assert.equal(result.urgent, true);
  assert.equal(await agent.check(), false);
});

Deno.test("another writer is reported and not fought in a loop", async () => {
  const { world, agent } = await capped();
  for (let second = 0; second < 60; second++) {
    world.gpus[0]!.managementWatts = 650;
    if (await agent.check()) await agent.pass("event");
    await world.clock.advance(1_000);
  }
  const repairs = world.gpus[0]!.sets.length - 1;
  assert.ok(repairs >= 5 && repairs <= 12, `${repairs} repairs in a minute`);
  const [status] = agent.statuses();
  assert.equal(status?.drift?.contended, true);
  assert.equal(status?.drift?.lastWatts, 650);
});

Deno.test("a silent clamp is refused, reported as read, and not believed", async () => {
  const world = new World();
  world.gpus[0]!.respond = (watts) => Math.max(watts, 450);
  world.pods = [granted("a", "5.1", 300)];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  const result = await agent.pass("interval");
  assert.equal(result.good, false);
  const [status] = agent.statuses();
  assert.equal(status?.outcome.state, "refused");
  assert.match(status?.outcome.reason ?? "", /300 W were set and 450 W/);
  assert.equal(status?.entry?.applied, undefined);
  // What it left there is still ours to give back.
  world.pods = [];
  world.placed.clear();
  world.gpus[0]!.respond = undefined;
  await agent.pass("event");
  await world.clock.advance(5_001);
  await agent.pass("interval");
  assert.equal(world.watts(), 700);
});

Deno.test("what a device makes of a cap that is set again is remembered, given back, and never held", async () => {
  const { world, agent } = await capped("500");
  world.gpus[0]!.respond = (watts) => Math.min(watts, 492);
  world.gpus[0]!.managementWatts = 700;
  assert.equal((await agent.pass("event")).good, false);
  assert.equal(world.watts(), 492);
  assert.equal(agent.statuses()[0]?.entry?.leftWatts, 492);
  // It is no cap of its own: once the device lets it, the cap stands again.
  world.gpus[0]!.respond = undefined;
  await world.clock.advance(61_000);
  assert.equal((await agent.pass("interval")).good, true);
  assert.equal(world.watts(), 500);
  assert.equal(agent.statuses()[0]?.entry?.leftWatts, undefined);
  // The pod goes while the device still holds it low: that is ours to give back.
  world.gpus[0]!.respond = (watts) => Math.min(watts, 492);
  world.gpus[0]!.managementWatts = 700;
  await agent.pass("event");
  assert.equal(world.watts(), 492);
  world.pods = [];
  world.placed.clear();
  world.gpus[0]!.respond = undefined;
  const again = await world.start();
  await again.pass("event");
  await world.clock.advance(5_001);
  await again.pass("interval");
  assert.equal(world.watts(), 700);
});

Deno.test("a device that rounds down by less than a watt is enforced", async () => {
  const world = new World();
  world.gpus[0]!.respond = (watts) => watts - 0.4;
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  for (let i = 0; i < 3; i++) await agent.pass("interval");
  assert.deepEqual(world.gpus[0]!.sets, [300]);
  assert.equal(agent.statuses()[0]?.outcome.state, "enforced");
});

Deno.test("a refused write leaves the old generation applied and is retried", async () => {
  const world = new World();
  world.pods = [granted("a", "5.1", 500)];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  await agent.pass("interval");
  world.gpus[0]!.faults.setLimit = 4;
  world.pods = [granted("a", "5.2", 300)];
  assert.equal((await agent.pass("event")).good, false);
  const [status] = agent.statuses();
  assert.match(status?.outcome.reason ?? "", /NVML_ERROR_NO_PERMISSION/);
  assert.deepEqual(status?.entry?.applied?.owners[0]?.generation, {
    epoch: 5,
    sequence: 1,
  });
  delete world.gpus[0]!.faults.setLimit;
  assert.equal((await agent.pass("interval")).good, true);
  assert.equal(world.watts(), 300);
});

Deno.test("one failing GPU does not stop the others, and is named", async () => {
  const world = new World(3);
  world.pods = [annotated("a", "300")];
  for (const index of [0, 1, 2]) world.placed.set(index, ["a"]);
  world.gpus[1]!.faults.limits = 15;
  const agent = await world.start();
  const result = await agent.pass("interval");
  assert.equal(result.good, false);
  assert.deepEqual([0, 1, 2].map((i) => world.watts(i)), [300, 700, 300]);
  assert.equal(agent.statuses()[1]?.error?.name, "NVML_ERROR_GPU_IS_LOST");
});

Deno.test("an owner that is proven gone for 5 s is released, not before", async () => {
  const { world, agent } = await capped();
  world.pods = [];
  world.placed.clear();
  const first = await agent.pass("event");
  assert.equal(world.watts(), 300);
  assert.equal(first.wakeInMs, 5_000);
  await world.clock.advance(4_999);
  await agent.pass("event");
  assert.equal(world.watts(), 300);
  await world.clock.advance(1);
  const last = await agent.pass("event");
  assert.equal(world.watts(), 700);
  assert.equal(last.urgent, true);
  assert.equal(agent.statuses()[0]?.outcome.state, "released");
  assert.equal(agent.statuses()[0]?.decision.occupancy, "free");
  assert.deepEqual(agent.options.store.entries(), []);
});

Deno.test("a gap in the proof starts the 5 s anew", async () => {
  const { world, agent } = await capped();
  world.pods = [];
  world.placed.clear();
  await agent.pass("event");
  await world.clock.advance(4_000);
  world.placed.set(0, "unknown");
  await agent.pass("event");
  await world.clock.advance(4_000);
  world.placed.clear();
  await agent.pass("event");
  assert.equal(world.watts(), 300);
  await world.clock.advance(5_000);
  await agent.pass("event");
  assert.equal(world.watts(), 700);
});

Deno.test("a limit that somebody else has set since is left to them", async () => {
  const { world, agent } = await capped();
  world.pods = [];
  world.placed.clear();
  await agent.pass("event");
  await world.clock.advance(5_000);
  world.gpus[0]!.managementWatts = 450;
  await agent.pass("event");
  assert.equal(world.watts(), 450);
  assert.deepEqual(agent.options.store.entries(), []);
});

Deno.test("a restart keeps a live pod's cap without touching the device", async () => {
  const { world } = await capped();
  const again = await world.start();
  world.freshness = { kind: "empty" };
  world.consistent = false;
  await again.pass("interval");
  world.freshness = { kind: "fresh", ageMs: 0 };
  world.consistent = true;
  await again.pass("event");
  assert.deepEqual(world.gpus[0]!.sets, [300]);
});

Deno.test("C20: after a reboot the record is set again, and is no drift", async () => {
  const { world } = await capped();
  world.bootId = "boot-2";
  world.gpus[0]!.managementWatts = 700;
  world.placed.set(0, "unknown");
  const agent = await world.start();
  await agent.pass("interval");
  assert.equal(world.watts(), 300);
  assert.equal(agent.counts.drifts, 0);
});

Deno.test("C23: unknown ownership writes nothing but a lowering to the record", async () => {
  const { world, agent } = await capped();
  world.placed.set(0, "unknown");
  world.gpus[0]!.managementWatts = 250;
  await agent.pass("event");
  assert.equal(world.watts(), 250);
  world.gpus[0]!.managementWatts = 600;
  await agent.pass("event");
  assert.equal(world.watts(), 300);
  await world.clock.advance(60_000);
  await agent.pass("interval");
  assert.equal(agent.statuses()[0]?.decision.occupancy, "unknown");
});

Deno.test("a full disk begins no cap and says so", async () => {
  const world = new World();
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  world.files.broken = true;
  await agent.pass("interval");
  assert.deepEqual(world.gpus[0]!.sets, []);
  assert.match(agent.statuses()[0]?.outcome.reason ?? "", /No space left/);
  world.files.broken = false;
  await agent.pass("interval");
  assert.equal(world.watts(), 300);
});

Deno.test("with a full disk a cap of ours is lowered, and not called applied", async () => {
  const world = new World();
  world.pods = [granted("a", "5.1", 500)];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  await agent.pass("interval");
  world.files.broken = true;
  world.pods = [granted("a", "5.2", 300)];
  await agent.pass("event");
  assert.equal(world.watts(), 300);
  const [status] = agent.statuses();
  assert.equal(status?.outcome.state, "refused");
  assert.equal(status?.entry?.applied?.owners[0]?.generation?.sequence, 1);
});

Deno.test("after a lost record a standing cap is adopted and later released", async () => {
  const { world } = await capped();
  world.files.files.clear();
  const agent = await world.start();
  world.freshness = { kind: "empty" };
  world.consistent = false;
  await agent.pass("interval");
  assert.deepEqual(world.gpus[0]!.sets, [300]);
  world.freshness = { kind: "fresh", ageMs: 0 };
  world.consistent = true;
  await agent.pass("event");
  assert.equal(agent.statuses()[0]?.entry?.beforeWatts, undefined);
  world.pods = [];
  world.placed.clear();
  await agent.pass("event");
  await world.clock.advance(5_000);
  await agent.pass("interval");
  assert.equal(world.watts(), 700);
});

Deno.test("the reference agent's GPUs are taken over and given back", async () => {
  const world = new World(2);
  world.gpus.forEach((gpu) => gpu.managementWatts = 400);
  const uuid = world.gpus[0]!.uuid;
  const agent = await world.start({ referenceUuids: new Set([uuid]) });
  await agent.pass("interval");
  await agent.pass("event");
  await world.clock.advance(5_000);
  await agent.pass("interval");
  assert.deepEqual([world.watts(0), world.watts(1)], [700, 400]);
});

Deno.test("releaseAll() gives every GPU back, live pods or not", async () => {
  const { world, agent } = await capped();
  assert.equal(await agent.releaseAll(), true);
  assert.equal(world.watts(), 700);
  assert.deepEqual(agent.options.store.entries(), []);
});

Deno.test("a dry run decides and sets nothing", async () => {
  const world = new World();
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start({ dryRun: true });
  await agent.pass("interval");
  assert.deepEqual(world.gpus[0]!.sets, []);
  assert.match(agent.statuses()[0]?.outcome.reason ?? "", /300 W would be set/);
});

Deno.test("lowers come before raises within one pass", async () => {
  const world = new World(2);
  const order: string[] = [];
  world.gpus.forEach((gpu, i) =>
    gpu.respond = (watts) => {
      order.push(`${i}:${watts}`);
      return watts;
    }
  );
  world.placed.set(0, ["a"]).set(1, ["b"]);
  world.pods = [granted("a", "1.1", 300), granted("b", "1.1", 500)];
  const agent = await world.start();
  await agent.pass("interval");
  order.length = 0;
  world.pods = [granted("a", "1.2", 500), granted("b", "1.2", 300)];
  await agent.pass("event");
  assert.deepEqual(order, ["1:300", "0:500"]);
});

Deno.test("a standing conflict is counted once", async () => {
  const world = new World();
  world.pods = [annotated("a", "300"), annotated("b", "400")];
  world.placed.set(0, ["a", "b"]);
  const agent = await world.start();
  for (let i = 0; i < 5; i++) await agent.pass("interval");
  assert.equal(agent.counts.multiPodConflict, 1);
  assert.equal(world.watts(), 300);
});

Deno.test("a GPU gone for good loses its entry after the next reboot only", async () => {
  const { world, agent } = await capped();
  world.gpus.length = 0;
  await agent.pass("interval");
  assert.equal(agent.options.store.entries().length, 1);
  world.bootId = "boot-2";
  const later = await world.start();
  await later.pass("interval");
  assert.equal(later.options.store.entries().length, 0);
});

Deno.test("24 simulated hours leave no trace of growth", async () => {
  const world = new World(8);
  world.pods = Array.from({ length: 8 }, (_, i) => annotated(`p${i}`, "300"));
  world.pods.forEach((one, i) => world.placed.set(i, [one.uid]));
  world.pods.push(pod("bystander"));
  const agent = await world.start();
  await agent.pass("interval");
  await agent.pass("interval");
  const sizeNow = () =>
    JSON.stringify(
      agent.statuses(),
      (_key, value) => typeof value === "bigint" ? `${value}` : value,
    ).length;
  const size = sizeNow();
  const revision = world.files.files.get("state.json");
  for (let pass = 0; pass < 24 * 240; pass++) await agent.pass("interval");
  assert.equal(sizeNow(), size);
  assert.equal(world.files.files.get("state.json"), revision);
  assert.equal(agent.counts.writes, 8);
});

Deno.test("a write that was begun and not recorded is not forgotten while its GPU is away", async () => {
  const world = new World();
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  // The record breaks after the intent: the cap stands, and only the intent says so.
  world.gpus[0]!.respond = (watts) => {
    world.files.broken = true;
    return watts;
  };
  await agent.pass("interval");
  world.files.broken = false;
  const again = await world.start();
  const gpus = world.gpus.splice(0);
  await again.pass("interval");
  assert.equal(again.options.store.entries().length, 1);
  world.gpus.push(...gpus);
  world.gpus[0]!.respond = undefined;
  world.pods = [];
  world.placed.clear();
  await again.pass("interval");
  await world.clock.advance(5_000);
  await again.pass("interval");
  assert.equal(world.watts(), 700);
});

Deno.test("releaseAll() gives back what a lost record stood for, without an API server", async () => {
  const { world, agent } = await capped();
  const [status] = agent.statuses();
  world.lastReport = reportOf(agent.statuses(), {
    nodeName: "n1",
    agentVersion: "0",
    bootId: world.bootId,
    driverSession: "1",
    safeDefaultWatts: 500,
  }, { sequence: 1, observedAt: new Date(0), share: () => undefined });
  assert.equal(status?.outcome.state, "enforced");
  world.files.files.clear();
  world.freshness = { kind: "empty" };
  world.consistent = false;
  const again = await world.start();
  assert.equal(await again.releaseAll(), true);
  assert.equal(world.watts(), 700);
});

Deno.test("the range is read anew before a write, and nothing is written without it", async () => {
  const { world, agent } = await capped();
  world.pods = [annotated("a", "400")];
  const gpu = world.gpus[0]!;
  const { limits } = world.nvml;
  world.nvml.limits = async (uuid: string, depth?: "all" | "moving") => {
    gpu.minWatts = depth === "moving" ? 200 : undefined;
    return await limits.call(world.nvml, uuid);
  };
  assert.equal((await agent.pass("event")).good, false);
  assert.deepEqual(gpu.sets, [300]);
  assert.match(agent.statuses()[0]?.outcome.reason ?? "", /range cannot/);
  world.nvml.limits = limits;
  gpu.minWatts = 200;
  await agent.pass("event");
  assert.deepEqual(gpu.sets, [300, 400]);
});

Deno.test("GPUs that come and go: each pass visits those that are there", async () => {
  const world = new World(4);
  world.pods = [annotated("a", "300")];
  for (let i = 0; i < 4; i++) world.placed.set(i, ["a"]);
  const all = world.gpus.splice(2);
  const agent = await world.start();
  await agent.pass("interval");
  assert.deepEqual(agent.statuses().map(({ identity }) => identity.index), [
    0,
    1,
  ]);
  world.gpus.push(...all);
  await agent.pass("interval");
  assert.deepEqual(world.gpus.map((gpu) => gpu.managementWatts), [
    300,
    300,
    300,
    300,
  ]);
  world.gpus.splice(1);
  assert.equal((await agent.pass("interval")).good, true);
  assert.equal(agent.statuses().length, 1);
  world.gpus.splice(0);
  assert.equal((await agent.pass("interval")).good, false, "no GPU at all");
});

Deno.test("a release that the device turns into another limit is finished later", async () => {
  // Found by random schedules: 404 W was taken for somebody else's limit, and stayed for ever.
  const { world, agent } = await capped();
  world.pods = [];
  world.placed.clear();
  await agent.pass("event");
  await world.clock.advance(5_000);
  const set = world.nvml.setLimit.bind(world.nvml);
  world.nvml.setLimit = (uuid, watts) => set(uuid, Math.min(watts, 404));
  assert.equal((await agent.pass("event")).good, false);
  assert.equal(world.watts(), 404);
  world.nvml.setLimit = set;
  await agent.pass("interval");
  assert.equal(world.watts(), 700);
  assert.deepEqual(agent.options.store.entries(), []);
});
