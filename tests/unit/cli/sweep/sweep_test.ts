/** `sweep` over the built-in model: nothing imported, as in a fresh clone. @module */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import { command } from "../../../../cli/commands/sweep.ts";
import { parseCommandLine } from "../../../../cli/parse.ts";
import type { OutputFormat } from "../../../../cli/command.ts";

const USUAL: Readonly<Record<string, string>> = {
  "--model": "Qwen/Qwen3-32B",
  "--system": "h200_sxm",
  "--total-gpus": "16",
  "--isl": "2000",
  "--osl": "300",
};

/** Runs `sweep` over an empty store. */
async function sweep(args: readonly string[], output: OutputFormat = "json") {
  const store = await Deno.makeTempDir();
  try {
    let text = "";
    const usual = Object.entries(USUAL).filter(([flag]) =>
      !args.includes(flag)
    );
    const { flags } = parseCommandLine(command, [
      ...usual.flat(),
      "--store",
      store,
      ...args,
    ]);
    const code = await command.run?.({
      flags,
      positionals: [],
      output,
      signal: new AbortController().signal,
      write: (part) => text += part,
      progress: { update() {}, end() {} },
    });
    return { code, text };
  } finally {
    await Deno.remove(store, { recursive: true });
  }
}

async function answer(...args: string[]) {
  const { code, text } = await sweep(args);
  return { code, ...JSON.parse(text) };
}

Deno.test("a fresh clone gets an answer from the built-in model, which says so", async () => {
  const { code, best, provenance, infeasible } = await answer();
  strictEqual(code, 0);
  strictEqual(infeasible, null);
  strictEqual(provenance.database_mode, "ROOFLINE");
  strictEqual(provenance.data_version, "builtin");
  ok(best.gpus <= 16 && best.tokens_per_second > 0);
});

Deno.test("a candidate has the fields of the contract", async () => {
  const { best, ranked, frontier, stats, query } = await answer(
    "--mode",
    "disagg",
  );
  for (
    const field of [
      "mode",
      "tokens_per_second",
      "requests_per_second",
      "ttft_ms",
      "itl_ms",
      "gpus",
      "watts",
      "tokens_per_second_per_watt",
    ]
  ) ok(field in best, field);
  for (
    const field of [
      "replicas",
      "tp",
      "pp",
      "dp",
      "moe_tp",
      "moe_ep",
      "batch_size",
      "cap_watts",
      "predicted_watts",
      "requests_per_second",
    ]
  ) {
    ok(field in best.prefill, field);
    ok(field in best.decode, field);
  }
  deepStrictEqual(ranked[0], best);
  ok(frontier.length > 3);
  ok(stats.candidates > 0 && stats.search_ms >= 0 && stats.load_ms >= 0);
  strictEqual(query.total_gpus, 16);
});

Deno.test("caps × GPUs stay inside the budget, and more watts never serve less", async () => {
  let before = 0;
  for (const budget of [3000, 5000, 8000]) {
    const { best } = await answer("--power-budget-watts", String(budget));
    ok(best.watts <= budget);
    ok(best.tokens_per_second >= before);
    before = best.tokens_per_second;
  }
});

Deno.test("a budget below one replica is infeasible with the watts it takes, exit code 1", async () => {
  const { code, best, infeasible } = await answer(
    "--power-budget-watts",
    "150",
  );
  strictEqual(code, 1);
  strictEqual(best, null);
  strictEqual(infeasible.constraint, "watts");
  const relaxed = await answer(
    "--power-budget-watts",
    String(infeasible.needed),
  );
  strictEqual(relaxed.code, 0);
});

Deno.test("a latency that nothing reaches is infeasible with the nearest one", async () => {
  const { code, infeasible } = await answer("--itl-ms", "0.5");
  strictEqual(code, 1);
  strictEqual(infeasible.constraint, "itl_ms");
  ok(infeasible.needed > 0.5);
});

Deno.test("a model larger than the GPUs is infeasible by memory", async () => {
  const { code, infeasible } = await answer(
    "--model",
    "meta-llama/Meta-Llama-3.1-405B",
    "--total-gpus",
    "2",
  );
  strictEqual(code, 1);
  strictEqual(infeasible.constraint, "memory");
});

Deno.test("for a person: the best fleet, what binds, the ranked ones and both plots", async () => {
  const { text } = await sweep(["--power-budget-watts", "6kW"], "table");
  match(text, /inside 6,000 W/);
  match(text, /Best: [\d,.]+ tokens\/s/);
  match(text, /One step more of what binds/);
  match(text, /What watts buy/);
  match(text, /What speed for each user costs/);
  match(text, /AIC's corrections/);
});

Deno.test("CSV has one line a fleet and the columns of both sides", async () => {
  const { text } = await sweep(["--power-budget-watts", "6kW"], "csv");
  const [head = "", ...lines] = text.trim().split("\r\n");
  match(head, /^kind,power_budget_watts,mode,tokens_per_second/);
  const kinds = new Set(lines.map((line) => line.split(",")[0]));
  deepStrictEqual(kinds, new Set(["ranked", "frontier", "watts_frontier"]));
});
