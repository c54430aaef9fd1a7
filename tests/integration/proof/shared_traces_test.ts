/** Policies on real traffic: the Azure code trace and Mooncake's, scaled until the budget binds. @module */

import assert from "node:assert/strict";
import { parsePlannerConfig, textChunks } from "../../../planner/mod.ts";
import {
  comparePolicies,
  openBuiltIn,
  type PolicyRun,
  readRequests,
  traceTraffic,
} from "../../../proof/mod.ts";

const SHARED = Deno.env.get("WATTKEEPER_SHARED") ??
  new URL("../../../../shared", import.meta.url).pathname;
const missing = !exists(`${SHARED}/traces`);
const ROOT = new URL("../../../", import.meta.url).pathname;

/** Half an hour of a trace under a budget, every request by itself. */
async function compared(what: {
  readonly example: string;
  readonly trace: string;
  readonly copies: number;
  readonly budgetWatts: number;
}): Promise<readonly PolicyRun[]> {
  const path = `${ROOT}docs/examples/${what.example}`;
  const { config } = parsePlannerConfig({
    text: await Deno.readTextFile(path),
    name: path,
  });
  const { trace } = await readRequests({
    name: what.trace,
    chunks: textChunks(`${SHARED}/traces/${what.trace}`),
  });
  const seconds = 1_800;
  const { runs } = await comparePolicies({
    config,
    opened: await openBuiltIn(config),
    policies: ["wattkeeper", "static-clamp"],
    budgetsWatts: [what.budgetWatts],
    traffic: traceTraffic({
      name: what.trace,
      trace,
      speed: 1,
      copies: what.copies,
      seconds: seconds + 1_200,
      stepSeconds: 5,
    }),
    resolution: "request",
    seed: 1,
    seconds,
  });
  return runs;
}

Deno.test({
  name:
    "long prompts of Mooncake's trace at 15 kW: ours serves more in time, within the budget, from half-cached prompts",
  ignore: missing,
  fn: async () => {
    const [ours, fixed] = await compared({
      example: "h200_long_prompts.yaml",
      trace: "mooncake_synthetic.jsonl",
      copies: 4,
      budgetWatts: 15_000,
    });
    assert.equal(ours!.score.violations.count, 0);
    assert(ours!.score.tokensPerSecond > 1.1 * fixed!.score.tokensPerSecond);
    const hits = ours!.score.prefixHitRate!;
    assert(hits > 0.35 && hits < 0.7, `${hits}`);
  },
});

Deno.test({
  name:
    "bursts of the Azure trace at 12 kW: ours serves more in time, within the budget",
  ignore: missing,
  fn: async () => {
    const [ours, fixed] = await compared({
      example: "h200_code_completion.yaml",
      trace: "azure_llm_2023_code.csv",
      copies: 16,
      budgetWatts: 12_000,
    });
    assert.equal(ours!.score.violations.count, 0);
    assert(ours!.score.tokensPerSecond > fixed!.score.tokensPerSecond);
  },
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
