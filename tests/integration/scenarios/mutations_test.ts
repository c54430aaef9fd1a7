/** Each scenario has one way to break the product that turns it red; a scenario that survives its mutation proves nothing. @module */

import assert from "node:assert/strict";
import { listScenarios } from "../../../proof/mod.ts";
import { PatchedTree } from "../../mutations/patched_tree.ts";
import {
  SCENARIO_MUTATIONS,
  type ScenarioMutation,
} from "../../mutations/scenario_mutations.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
/** Copies that are worked on side by side. */
const LANES = 2;

interface Outcome {
  readonly id: string;
  readonly failed: readonly string[];
}

async function runIn(
  folder: string,
  ids: readonly string[],
): Promise<readonly Outcome[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "tests/mutations/run_scenarios.ts",
      ...ids,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stderr: "null",
    signal: AbortSignal.timeout(300_000),
  }).output();
  return new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): Outcome => JSON.parse(line));
}

Deno.test("every scenario has a mutation", async () => {
  const killed = new Set(SCENARIO_MUTATIONS.flatMap(({ kills }) => kills));
  const without = (await listScenarios()).map(({ id }) => id)
    .filter((id) => !killed.has(id));
  assert.deepEqual(without, []);
});

Deno.test("every mutation turns its scenarios red", async () => {
  const waiting: ScenarioMutation[] = [...SCENARIO_MUTATIONS];
  const survivors: string[] = [];
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      await using tree = await PatchedTree.copy(ROOT);
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const mutation = next;
        const outcomes = await tree.with(
          mutation,
          (folder) => runIn(folder, mutation.kills),
        );
        for (const id of mutation.kills) {
          const found = outcomes.find((one) => one.id === id);
          // A product that does not even run is no mutation of a rule.
          const isRed = found !== undefined && found.failed.length > 0 &&
            !found.failed.some((claim) => claim.startsWith("(does not run"));
          if (!isRed) survivors.push(`${id} survives: ${mutation.does}`);
          if (Deno.env.get("SHOW_MUTATIONS")) {
            console.log(`${id} | ${mutation.does} | ${found?.failed[0]}`);
          }
        }
      }
    }),
  );
  assert.deepEqual(survivors, []);
});
