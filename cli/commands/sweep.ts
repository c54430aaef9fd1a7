/** `sweep`: which fleet serves most inside GPUs, watts and latency targets (`SPEC.md` R16, §13). @module */

import {
  openEstimators,
  openFleetSearch,
  relaxations,
  type SweepAnswer,
  sweepCsv,
  sweepRecord,
  userFrontier,
  wattsFrontier,
} from "../../optimizer-wasm/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import { powerCurvesOf } from "../power_curves.ts";
import { sweepInput } from "../sweep/input.ts";
import { sweepReport } from "../sweep/report.ts";
import { OPTIONS } from "../sweep/options.ts";

/** The command. */
export const command: Command = {
  name: "sweep",
  summary: "the best fleet inside GPUs, watts and latency targets",
  description:
    `Searches every parallel layout, batch, replica count and, where watts matter, power cap of prefill and decode, and returns the true optimum of that space: most tokens per second, then fewest GPUs, then fewest watts; with --request-rate the demand with the fewest watts. It says what binds and what one step more of it buys, and ranks the best fleet of each pair of layouts.
Latencies carry AIConfigurator's correction factors unless --no-corrections. A cap below a side's own draw costs latency by the power curve of the GPU; targets are then judged at the pessimistic end of its declared error. Exit code 1: nothing meets the targets; the answer names the constraint and by how much.`,
  usage: [
    "sweep --model NAME --system NAME --backend NAME --total-gpus N [--power-budget-watts POWER] [flags]",
  ],
  options: OPTIONS,
  examples: [
    {
      command:
        "deno run -A main.ts sweep --model Qwen/Qwen3-32B-FP8 --system h200_sxm --backend vllm --total-gpus 32 --isl 4000 --osl 500 --ttft-ms 600 --itl-ms 25 --power-budget-watts 12kW",
      explains: "what 12 kW of up to 32 H200 can serve, and how to cap them",
    },
    {
      command:
        "deno run -A main.ts sweep --model Qwen/Qwen3-32B --system h200_sxm --backend vllm --total-gpus 16 --request-rate 6 --objective efficiency --output json",
      explains: "the most tokens a watt for a given demand",
    },
    {
      command:
        "deno run -A main.ts sweep --model Qwen/Qwen3-235B-A22B --system h200_sxm --backend vllm --total-gpus 64 --pin-prefill tp=4,moe_ep=4 --pin-decode tp=8,moe_ep=8",
      explains: "with the layouts that are deployed",
    },
  ],
  outputs: ["table", "json", "csv"],
  run: sweep,
};

async function sweep(context: CommandContext): Promise<number> {
  const { space, query } = sweepInput(context.flags);
  const { store } = context.flags;
  const started = performance.now();
  const opener = await openEstimators(
    typeof store === "string" ? store : undefined,
    { powerCurves: await powerCurvesOf(context.flags) },
  );
  const search = await openFleetSearch(opener, space);
  const loadMs = performance.now() - started;
  const result = search.run(query);
  const answer: SweepAnswer = {
    space,
    query,
    result,
    loadMs,
    ...(result.best && context.flags["frontier"] !== false
      ? surroundings(context, search, query)
      : {
        userFrontier: [],
        wattsFrontier: [],
        relaxations: [],
        frontierMs: 0,
      }),
  };
  switch (context.output) {
    case "json":
      context.write(`${JSON.stringify(sweepRecord(answer), null, 2)}\n`);
      break;
    case "csv":
      context.write(sweepCsv(answer));
      break;
    default:
      context.write(sweepReport(answer));
  }
  return result.best ? 0 : 1;
}

/** Frontiers and relaxations; ^C ends them between two searches. */
function surroundings(
  { progress, signal }: CommandContext,
  search: Awaited<ReturnType<typeof openFleetSearch>>,
  query: SweepAnswer["query"],
) {
  const started = performance.now();
  const step = (label: string) => (done: number, total: number) => {
    signal.throwIfAborted();
    progress.update(done, total, label);
  };
  const answer = {
    userFrontier: userFrontier(search, query, step("latency targets")),
    wattsFrontier: query.budgetWatts === undefined
      ? []
      : wattsFrontier(search, query, step("budgets")),
    relaxations: relaxations(search, query),
  };
  progress.end();
  return { ...answer, frontierMs: performance.now() - started };
}
