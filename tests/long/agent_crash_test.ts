/** At least 1,000 real `kill -9` at random instants, seeded: the long sister of `integration/agent/crash_test.ts`. @module */

import assert from "node:assert/strict";
import { CC_NOTE, HAS_CC } from "../nvml_fake/fake.ts";
import {
  assertNoOlderApplied,
  assertNothingLifted,
  assertSettled,
  CrashWorld,
  scenarioOf,
} from "../integration/agent/crash_world.ts";

const KILLS = Number(Deno.env.get("WATTKEEPER_CRASH_KILLS") ?? 1_000);
const SEED = Number(Deno.env.get("WATTKEEPER_CRASH_SEED") ?? 1);
/** A world is begun anew so often: each grant of a world has watts of its own. */
const KILLS_PER_WORLD = 100;

/** mulberry32. */
function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

Deno.test({
  name: `${KILLS} kills at random instants, seed ${SEED}${CC_NOTE}`,
  ignore: !HAS_CC,
  async fn() {
    const chance = random(SEED);
    let kills = 0;
    let inWrites = 0;
    while (kills < KILLS) {
      await using world = await CrashWorld.create();
      let round = 0;
      let settled = false;
      world.write(scenarioOf(round));
      for (let here = 0; here < KILLS_PER_WORLD && kills < KILLS; here++) {
        const child = world.spawn(0);
        const reader = child.stdout.getReader();
        await reader.read();
        // It is up and goes round; the cluster moves under it, and then it is killed, anywhere.
        if (chance() < 0.9 && round < 95) world.write(scenarioOf(++round));
        await new Promise((resolve) => setTimeout(resolve, chance() * 30));
        child.kill("SIGKILL");
        while (!(await reader.read()).done);
        await child.status;
        kills++;
        const left = await new Deno.Command("grep", {
          args: ["-c", '"intent"', `${world.folder}/state/state.json`],
        }).output();
        if (left.success) inWrites++;
        assertNothingLifted(world.fake, { round, settled });
        assertNoOlderApplied(world.fake);
        if (here % 10 === 9) {
          assert.equal(await world.run(0), false);
          await assertSettled(world, round);
          settled = true;
        }
      }
      assert.equal(await world.run(0), false);
      await assertSettled(world, round);
    }
    console.log(
      `${kills} kills, ${inWrites} of them in the middle of a write, seed ${SEED}: ` +
        "no cap stranded, none of a live pod lifted, none forgotten, no older generation applied.",
    );
  },
});
