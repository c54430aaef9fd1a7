/** Every scenario that ships holds, and what it claims was really compared. @module */

import assert from "node:assert/strict";
import {
  listScenarios,
  openListed,
  openScenario,
  runScenario,
  scenarioRecord,
} from "../../../proof/mod.ts";

const LISTED = await listScenarios();

Deno.test("the thirty of the usual test-bed are there, and twenty of our own", () => {
  const own = LISTED.filter(({ id }) => id.startsWith("O"));
  assert.equal(LISTED.length - own.length, 30);
  assert(own.length >= 20, `${own.length}`);
  assert.equal(new Set(LISTED.map(({ id }) => id)).size, LISTED.length);
});

for (const listed of LISTED) {
  Deno.test(`scenario ${listed.id}`, async () => {
    const scenario = await openListed(listed);
    const { verdicts, passed, evaluated } = await runScenario(scenario);
    assert.deepEqual(
      verdicts.filter((one) => !one.passed)
        .map(({ claim, found }) => `${claim}: ${found}`),
      [],
    );
    assert(passed && evaluated > 0);
  });
}

Deno.test("the same seed gives the same record, another seed another one", async () => {
  const record = async (seed: number) => {
    const scenario = { ...await openScenario("D18"), seed, ticks: 30 };
    const { snapshots, log } = await runScenario({
      ...scenario,
      assertions: [],
    });
    return JSON.stringify([snapshots, log]);
  };
  const first = await record(42);
  assert.equal(await record(42), first);
  assert.notEqual(await record(43), first);
});

Deno.test("a scenario that claims nothing fails", async () => {
  const scenario = await openScenario("E22");
  const result = await runScenario({ ...scenario, assertions: [] });
  assert.equal(result.passed, false);
  assert.equal(scenarioRecord(result)["passed"], false);
});

Deno.test("an id that there is not names the nearest", async () => {
  await assert.rejects(openScenario("A11"), /no scenario "A11".*"A1"/);
});
