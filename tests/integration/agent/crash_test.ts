/** `kill -9` at every write boundary: real processes, real files, real NVML ABI (issue: crash proof, C18, C19). @module */

import assert from "node:assert/strict";
import { CC_NOTE, HAS_CC } from "../../nvml_fake/fake.ts";
import {
  assertNoOlderApplied,
  assertNothingLifted,
  assertSettled,
  CrashWorld,
  scenarioOf,
} from "./crash_world.ts";

Deno.test({
  name:
    `an agent killed at each boundary of its writes strands, lifts, forgets nothing${CC_NOTE}`,
  ignore: !HAS_CC,
  async fn() {
    await using world = await CrashWorld.create();
    let kills = 0;
    let round = 0;
    let settled = false;
    const settle = async () => {
      assert.equal(await world.run(0), false);
      await assertSettled(world, round);
      settled = true;
    };
    const begin = (next: number) => {
      round = next;
      world.write(scenarioOf(round));
    };
    begin(0);
    // One step further in each run: the agent that follows works on what the killed one left.
    for (let boundary = 1; kills < 110; boundary++) {
      const killed = await world.run(boundary);
      if (killed) {
        kills++;
        assertNothingLifted(world.fake, { round, settled });
        assertNoOlderApplied(world.fake);
        // The cluster does not wait for the agent: it often moves on before the next one starts.
        if (boundary % 4 === 3) await settle();
        if (boundary % 2 === 0) begin(round + 1);
      } else {
        await assertSettled(world, round);
        settled = true;
        begin(round + 1);
        boundary = 0;
      }
    }
    await settle();
    assertNoOlderApplied(world.fake);
    assert.ok(kills >= 100, `${kills} kills`);
  },
});
