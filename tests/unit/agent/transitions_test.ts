/** Passes over several GPUs at once: no instant above both ends of a transition, and what a device makes of a release. @module */

import assert from "node:assert/strict";
import { annotated, CONFIG, granted } from "./situations.ts";
import { World } from "./world.ts";

Deno.test("no instant of a transition on one node is above the larger of before and after", async () => {
  const world = new World(8);
  const before = [700, 600, 500, 400, 300, 250, 650, 350];
  const after = [200, 650, 300, 500, 250, 600, 300, 400];
  before.forEach((_, i) => world.placed.set(i, [`p${i}`]));
  const podsOf = (watts: number[], sequence: number) =>
    watts.map((one, i) => granted(`p${i}`, `1.${sequence}`, one));
  world.pods = podsOf(before, 1);
  const agent = await world.start();
  await agent.pass("interval");
  const sum = () => world.gpus.reduce((all, g) => all + g.managementWatts, 0);
  const bound = Math.max(sum(), after.reduce((a, b) => a + b, 0));
  const sums: number[] = [];
  for (const gpu of world.gpus) {
    gpu.respond = (watts) => {
      gpu.managementWatts = watts;
      sums.push(sum());
      return watts;
    };
  }
  world.pods = podsOf(after, 2);
  await agent.pass("event");
  assert.deepEqual(world.gpus.map((g) => g.managementWatts), after);
  assert.ok(Math.max(...sums) <= bound, `${sums.join()} above ${bound}`);
});

Deno.test("five pools on eight GPUs: exactly eight writes with exactly their watts, no policy counter moves", async () => {
  const world = new World(8);
  const pools = [
    ["v-prefill", 450, [0]],
    ["v-decode", 425, [1]],
    ["t-prefill", 480, [2, 3]],
    ["t-decode", 450, [4, 5]],
    ["standalone", 500, [6, 7]],
  ] as const;
  const policy = { ...CONFIG, safeDefaultWatts: 350 };
  world.pods = pools.map(([name, watts]) => annotated(name, `${watts}`));
  for (const [name, , gpus] of pools) {
    for (const index of gpus) world.placed.set(index, [name]);
  }
  const agent = await world.start({ policy });
  await agent.pass("interval");
  assert.deepEqual(
    world.gpus.map(({ sets }) => sets),
    [450, 425, 480, 480, 450, 450, 500, 500].map((watts) => [watts]),
  );
  const { multiPodAgree, multiPodConflict, safeDefault, unusable } =
    agent.counts;
  assert.deepEqual(
    [multiPodAgree, multiPodConflict, safeDefault, unusable],
    [0, 0, 0, 0],
  );
  world.pods.push(annotated("stray", "600"));
  world.placed.set(0, ["v-prefill", "stray"]);
  await agent.pass("event");
  assert.deepEqual(world.gpus.map(({ sets }) => sets.length), [
    2,
    ...Array(7).fill(1),
  ]);
  assert.equal(world.watts(0), 350);
  assert.equal(agent.counts.multiPodConflict, 1);
});
