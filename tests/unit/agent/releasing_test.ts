/** An agent that an uninstall has told to give everything back. @module */

import assert from "node:assert/strict";
import { annotated, granted } from "./situations.ts";
import { World } from "./world.ts";

/** A node whose GPU an agent has capped at 300 W for a pod that lives. */
async function capped(): Promise<{ world: World }> {
  const world = new World();
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  assert.equal((await agent.pass("interval")).good, true);
  return { world };
}

Deno.test("an agent that is to release gives back what is ours under live pods, and caps nothing again", async () => {
  const { world } = await capped();
  world.pods = [granted("a", "1.1", 300)];
  const last = await world.start({ releasing: true });
  assert.equal((await last.pass("interval")).good, true);
  assert.equal(world.watts(), 700);
  assert.equal(last.statuses()[0]?.outcome.state, "released");
  for (let i = 0; i < 3; i++) await last.pass("event");
  assert.equal(world.watts(), 700);
  assert.equal(last.statuses()[0]?.outcome.state, "unmanaged");
  assert.deepEqual(world.gpus[0]!.sets, [300, 700]);
});

Deno.test("an agent that is to release leaves a limit that somebody else has set since", async () => {
  const { world } = await capped();
  world.gpus[0]!.managementWatts = 650;
  const last = await world.start({ releasing: true });
  await last.pass("interval");
  assert.equal(world.watts(), 650);
});
