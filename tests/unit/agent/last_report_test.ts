/** The node's own last report, which stands in for a lost record (C22, C23). @module */

import assert from "node:assert/strict";
import { reportOf } from "../../../agent/report.ts";
import { annotated } from "./situations.ts";
import { World } from "./world.ts";

Deno.test("C22, C23: after a lost record nothing is concluded before the node's last report is known", async () => {
  const world = new World();
  world.pods = [annotated("a", "300")];
  world.placed.set(0, ["a"]);
  const agent = await world.start();
  await agent.pass("interval");
  const last = reportOf(agent.statuses(), {
    nodeName: "n1",
    agentVersion: "0",
    bootId: world.bootId,
    driverSession: "1",
    safeDefaultWatts: 500,
  }, { sequence: 1, observedAt: new Date(0), share: () => undefined });
  world.files.files.clear();
  world.placed.clear();
  world.pods = [];
  world.lastReportComplete = false;
  const again = await world.start();
  for (let second = 0; second < 20; second++) {
    await again.pass("interval");
    await world.clock.advance(1_000);
  }
  assert.equal(again.statuses()[0]?.decision.occupancy, "unknown");
  assert.equal(world.watts(), 300, "neither released nor written");
  world.lastReport = last;
  world.lastReportComplete = true;
  await again.pass("interval");
  assert.equal(again.options.store.entries()[0]?.applied?.cause, "adopted");
  await again.pass("interval");
  await world.clock.advance(5_000);
  await again.pass("interval");
  assert.equal(world.watts(), 700, "given back once it is proven whose it was");
});
