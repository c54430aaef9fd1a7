/** The planner's ledger and the agents' rules in one world: R41 is checked by the world at every event. @module */

import assert from "node:assert/strict";
import { SimulatedWorld } from "../../../../simulator/mod.ts";
import { worldOptions } from "../../simulator/truth.ts";
import { target } from "../core/ledger/fixtures.ts";
import { Loop } from "./closed_loop.ts";

const BUDGET = 2_000;
const START = [target(1, 500, "prefill"), target(2, 300)];

/** A world that serves at {@linkcode START}. */
async function serving() {
  const world = new SimulatedWorld(worldOptions());
  world.allowedWatts = BUDGET;
  const loop = new Loop(world, "planner-1", BUDGET);
  const transition = await loop.run(60, START);
  assert.equal(transition.settled, true, JSON.stringify(transition.waits));
  return { world, loop };
}

function limits(world: SimulatedWorld): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const { pod, side } of world.api.pods()) {
    const mine = world.nodes.flatMap((node) => node.gpusOf(pod.uid));
    (found[side] ??= []).push(...mine.map(({ limitWatts }) => limitWatts));
  }
  return found;
}

Deno.test("pods wait in their gates, are granted, and serve at their caps", async () => {
  const { world, loop } = await serving();
  assert.deepEqual(limits(world), { prefill: [500], decode: [300, 300] });
  assert.deepEqual([world.ready("prefill"), world.ready("decode")], [1, 2]);
  assert.equal(loop.last?.chargedWatts, 1_100);
  assert.deepEqual(world.violations, []);
});

Deno.test("without a planner nothing starts", () => {
  const world = new SimulatedWorld(worldOptions());
  world.allowedWatts = 0;
  world.advance(120_000);
  assert.equal(world.ready("decode"), 0);
  assert.equal(world.limitWatts(), 0);
  assert.deepEqual(world.violations, []);
});

Deno.test("a swap of watts at a full budget lowers first and never passes it", async () => {
  const { world, loop } = await serving();
  loop.budgetWatts = 1_100;
  world.allowedWatts = undefined;
  await loop.run(5, START);
  world.allowedWatts = 1_100;
  const swapped = [target(1, 300, "prefill"), target(2, 400)];
  const transition = await loop.run(20, swapped);
  assert.equal(transition.settled, true);
  assert.deepEqual(limits(world), { prefill: [300], decode: [400, 400] });
  assert.deepEqual(world.violations, []);
});

Deno.test("a side grows into the watts that another gives up", async () => {
  const { world, loop } = await serving();
  const grown = [target(1, 500, "prefill"), target(4, 300)];
  await loop.run(60, grown);
  const turned = [target(3, 500, "prefill"), target(1, 300)];
  const transition = await loop.run(120, turned);
  assert.equal(transition.settled, true, JSON.stringify(transition.waits));
  assert.deepEqual(limits(world), { prefill: [500, 500, 500], decode: [300] });
  assert.deepEqual(world.violations, []);
});

Deno.test("a cut is complied with in seconds, and declared when it is true", async () => {
  const { world, loop } = await serving();
  loop.budgetWatts = 800;
  const cut = [target(1, 300, "prefill"), target(2, 250)];
  const sentAtMs = world.nowMs;
  for (;;) {
    const { compliant } = await loop.tick(cut);
    if (compliant) break;
    assert(world.nowMs - sentAtMs < 5_000, "five seconds have gone");
    world.advance(200);
  }
  world.allowedWatts = 800;
  world.check();
  const transition = await loop.run(20, cut);
  assert.equal(transition.settled, true);
  assert.equal(world.api.lease.budgetWatts, 800);
  assert.deepEqual(world.violations, []);
});

Deno.test("a node that reboots re-asserts its caps, and its pods restart without anybody's word", async () => {
  const { world, loop } = await serving();
  for (const node of world.nodes) node.reboot();
  assert.equal(world.limitWatts(), 0);
  // The planner is away.
  world.advance(30_000);
  assert.deepEqual(limits(world), { prefill: [500], decode: [300, 300] });
  assert.equal(world.ready("decode"), 2);
  const transition = await loop.run(30, START);
  assert.equal(transition.settled, true);
  assert.deepEqual(world.violations, []);
});

Deno.test("a silent agent keeps its charge, alarms after 30 s, and gets no raise", async () => {
  const { world, loop } = await serving();
  for (const node of world.nodes) node.agentUp = false;
  const more = [target(1, 600, "prefill"), target(2, 300)];
  await loop.run(40, START);
  const transition = await loop.run(5, more);
  assert(transition.alarms.some(({ kind }) => kind === "agent_silent"));
  assert.equal(transition.chargedWatts, 1_100);
  assert.deepEqual(limits(world).prefill, [500]);
});

Deno.test("a GPU that refuses its lower is named, and the others make up for it", async () => {
  const { world, loop } = await serving();
  const [pod] = world.api.pods().filter(({ side }) => side === "prefill");
  const gpu = world.nodes.flatMap((node) => node.gpusOf(pod!.pod.uid))[0]!;
  gpu.stuck = true;
  loop.budgetWatts = 900;
  const cut = [target(1, 300, "prefill"), target(2, 300)];
  const transition = await loop.run(40, cut);
  assert(
    transition.alarms.some(({ kind, gpuUuid }) =>
      kind === "deadline_missed" && gpuUuid === gpu.uuid
    ),
  );
  assert.deepEqual(limits(world), { prefill: [500], decode: [200, 200] });
  assert.equal(transition.compliant, true);
});

Deno.test("another planner takes over when the first falls silent, and stamps before it grants", async () => {
  const { world, loop } = await serving();
  const next = new Loop(world, "planner-2", BUDGET);
  await next.tick(START);
  assert.equal(world.api.lease.holder, "planner-1");
  world.advance(16_000);
  const transition = await next.run(30, [
    target(1, 600, "prefill"),
    target(3, 300),
  ]);
  assert.equal(world.api.lease.holder, "planner-2");
  assert.equal(world.api.lease.epoch, 2);
  assert.equal(transition.settled, true, JSON.stringify(transition.waits));
  assert.deepEqual(limits(world).decode, [300, 300, 300]);
  await loop.tick(START);
  assert.deepEqual(loop.last?.steps, []);
  assert.deepEqual(world.violations, []);
});

Deno.test("the same seed gives the same bytes, another seed does not", async () => {
  const story = async (seed: number) => {
    const world = new SimulatedWorld(worldOptions({ seed, noise: 0.05 }));
    const loop = new Loop(world, "planner", BUDGET);
    await loop.run(90, START);
    return JSON.stringify([world.measure(), loop.ledger, world.api.pods()]);
  };
  assert.equal(await story(1), await story(1));
  assert.notEqual(await story(1), await story(2));
});
