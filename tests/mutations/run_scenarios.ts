/** Runs scenarios and prints what failed, one JSON line each: what a patched copy of the tree is asked for. @module */

import { openScenario, runScenario } from "../../proof/mod.ts";

for (const id of Deno.args) {
  let failed: string[];
  try {
    const { verdicts, passed } = await runScenario(await openScenario(id));
    failed = passed
      ? []
      : verdicts.filter((one) => !one.passed).map(({ claim }) => claim);
  } catch (error) {
    failed = [`(does not run: ${error})`];
  }
  console.log(JSON.stringify({ id, failed }));
}
Deno.exit(0);
