/** `simulate` without a scenario or schedules: policies side by side through the same traffic (`SPEC.md` §13). @module */

import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  configuredModels,
  logListener,
  type OpenedModel,
  openModel,
  type PlannerConfig,
  readConfigText,
  searchWith,
  textChunks,
  warmHistory,
} from "../../planner/mod.ts";
import {
  comparePolicies,
  comparisonCsv,
  comparisonInput,
  type ComparisonQuestion,
  comparisonRecord,
  comparisonReport,
  comparisonTable,
  openBuiltIn,
  POLICY_NAMES,
  reportPage,
} from "../../proof/mod.ts";
import { logger } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { parseWatts } from "../watts.ts";
import { writeReport } from "./write_report.ts";

/** Runs the comparison. @returns 1 when ours passed the budget, else 0 */
export async function runPolicies(context: CommandContext): Promise<number> {
  const { flags, signal, progress } = context;
  const input = await comparisonInput(await questionOf(context), {
    open: typeof flags["config"] === "string" ? openConfigured : openBuiltIn,
    warmHistory: (config, { model }) =>
      warmHistory(config, {
        usual: {
          islTokens: model.usualIslTokens,
          oslTokens: model.usualOslTokens,
        },
        signal,
      }),
    signal,
  });
  const comparison = await comparePolicies({
    ...input,
    listen: () => logListener(logger("planner")),
    onProgress: (done, total, label) => progress.update(done, total, label),
  });
  progress.end();
  switch (context.output) {
    case "json":
      context.write(
        `${JSON.stringify(comparisonRecord(comparison), null, 2)}\n`,
      );
      break;
    case "jsonl":
      for (const run of comparisonRecord(comparison).runs) {
        context.write(`${JSON.stringify(run)}\n`);
      }
      break;
    case "csv":
      context.write(comparisonCsv(comparison));
      break;
    default:
      context.write(comparisonTable(comparison));
  }
  const report = flags["report"];
  if (typeof report === "string") {
    await writeReport(report, reportPage(comparisonReport(comparison)));
  }
  return comparison.runs.some(({ policy, score }) =>
      policy === "wattkeeper" && score.violations.count > 0
    )
    ? 1
    : 0;
}

/** The flags as a question. */
async function questionOf(
  { flags }: CommandContext,
): Promise<ComparisonQuestion> {
  const { config: name, trace, policy } = flags;
  const number = (flag: string) => {
    const value = flags[flag];
    return typeof value === "number" ? value : undefined;
  };
  return {
    config: typeof name === "string"
      ? {
        text: await readConfigText(name),
        name,
        environment: Deno.env.toObject(),
      }
      : undefined,
    trace: typeof trace === "string"
      ? { name: trace, chunks: textChunks(trace) }
      : undefined,
    speed: number("speed"),
    copies: number("copies"),
    seed: number("seed") ?? 1,
    hours: number("hours"),
    resolution: flags["resolution"] === "request" ? "request" : "loop",
    policies: Array.isArray(policy)
      ? POLICY_NAMES.filter((one) => policy.includes(one))
      : [],
    budgetsWatts: budgetsOf(flags["budget-watts"]),
  };
}

/** The model of a configuration, over what is imported. */
async function openConfigured(config: PlannerConfig): Promise<OpenedModel> {
  const opener = await openEstimators(undefined, {
    models: await configuredModels(config),
  });
  return await openModel(config, searchWith(opener));
}

function budgetsOf(
  asked: CommandContext["flags"][string],
): readonly number[] | undefined {
  if (!Array.isArray(asked) || asked.length === 0) return undefined;
  return [...new Set(asked.map((one) => parseWatts(one, "--budget-watts")))];
}
