/** `simulate` without a scenario or schedules: policies side by side through the same traffic (`SPEC.md` §13). @module */

import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  configuredModels,
  grouped,
  type OpenedModel,
  openModel,
  parsePlannerConfig,
  type PlannerConfig,
  readConfigText,
  searchWith,
  textChunks,
} from "../../planner/mod.ts";
import {
  atFullLoad,
  builtInDay,
  comparePolicies,
  comparisonCsv,
  comparisonRecord,
  comparisonReport,
  comparisonTable,
  DAY_SECONDS,
  LEAD_IN_SECONDS,
  openBuiltIn,
  POLICY_NAMES,
  type PolicyName,
  readRequests,
  reportPage,
  STEP_MS,
  traceTraffic,
  USUAL_PEAK_REQUESTS_PER_SECOND,
  usualDeployment,
} from "../../proof/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { CommandContext } from "../command.ts";
import { parseWatts } from "../watts.ts";

/** The peak of a made-up day over what the fleet can serve within its budget, so that the budget binds. */
const PEAK_SHARE = 1.1;
/** Traffic goes on while the planner ends, seconds. */
const END_SECONDS = 600;
const MOST_COPIES = 1_000;
/** Longest run, hours; a month. */
const MOST_HOURS = 744;

/** Runs the comparison. @returns 1 when ours passed the budget, else 0 */
export async function runPolicies(context: CommandContext): Promise<number> {
  const { flags, signal, progress } = context;
  const seed = typeof flags["seed"] === "number" ? flags["seed"] : 1;
  const trace = await readTraceFlag(context);
  const { config, opened, isUsual } = await deployment(context, trace);
  const seconds = secondsOf(
    flags["hours"],
    trace ? trace.trace.lengthMs / 1000 : DAY_SECONDS,
  );
  const traffic = trace
    ? traceTraffic({
      ...trace,
      seconds: seconds + LEAD_IN_SECONDS + END_SECONDS,
      stepSeconds: STEP_MS / 1000,
    })
    : builtInDay({
      seed,
      peakRequestsPerSecond: isUsual
        ? USUAL_PEAK_REQUESTS_PER_SECOND
        : peakOf(config, opened),
    });
  const comparison = await comparePolicies({
    config,
    opened,
    policies: policiesOf(flags["policy"]),
    budgetsWatts: budgetsOf(flags["budget-watts"]) ??
      [config.power?.budgetWatts ?? 0],
    traffic,
    resolution: flags["resolution"] === "request" ? "request" : "loop",
    seed,
    seconds,
    signal,
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

/** The requests of `--trace`, and how they are played; undefined without one. */
async function readTraceFlag({ flags, signal }: CommandContext) {
  const { trace: path } = flags;
  const speed = factorOf(flags["speed"], "speed");
  const copies = factorOf(flags["copies"], "copies");
  if (copies > MOST_COPIES) {
    throw new WattkeeperError(
      "invalid_value",
      `--copies must be at most ${MOST_COPIES}, found ${copies}.`,
      { where: "--copies", remedy: "Write --copies 8." },
    );
  }
  if (typeof path !== "string") {
    if (speed === 1 && copies === 1) return undefined;
    const flag = speed === 1 ? "--copies" : "--speed";
    throw new WattkeeperError("invalid_usage", `${flag} needs a trace.`, {
      where: flag,
      remedy: `Add --trace FILE, or leave ${flag} out.`,
    });
  }
  const { trace, summary } = await readRequests({
    name: path,
    chunks: textChunks(path),
    signal,
  });
  return {
    name: `${grouped(summary.requests)} requests of ${
      summary.format === "azure" ? "an Azure" : `a ${summary.format}`
    } trace`,
    trace,
    speed,
    copies,
  };
}

/** A factor above zero; 1 without the flag. */
function factorOf(
  asked: CommandContext["flags"][string],
  name: string,
): number {
  const factor = typeof asked === "number" ? asked : 1;
  if (factor > 0) return factor;
  throw new WattkeeperError(
    "invalid_value",
    `--${name} must be above zero, found ${factor}.`,
    { where: `--${name}`, remedy: `Write --${name} 8.` },
  );
}

/** Tokens of a request in the mean. */
function meanOf(tokens: Int32Array): number {
  const sum = tokens.reduce((all, one) => all + one, 0);
  return Math.max(1, Math.round(sum / tokens.length));
}

/** What is deployed, and its model; without `--config` the built-in one, which has no imported data to differ by. */
async function deployment(
  { flags }: CommandContext,
  trace: Awaited<ReturnType<typeof readTraceFlag>>,
): Promise<{
  readonly config: PlannerConfig;
  readonly opened: OpenedModel;
  readonly isUsual: boolean;
}> {
  const { config: name } = flags;
  if (typeof name !== "string") {
    const usual = usualDeployment();
    // The lengths that a person would have looked up before deploying.
    const config = usual.engine && trace
      ? {
        ...usual,
        engine: {
          ...usual.engine,
          islTokens: meanOf(trace.trace.islTokens),
          oslTokens: meanOf(trace.trace.oslTokens),
        },
      }
      : usual;
    return { config, opened: await openBuiltIn(config), isUsual: true };
  }
  const { config } = parsePlannerConfig({
    text: await readConfigText(name),
    name,
    environment: Deno.env.toObject(),
  });
  const opener = await openEstimators(undefined, {
    models: await configuredModels(config),
  });
  const opened = await openModel(config, searchWith(opener));
  return { config, opened, isUsual: false };
}

/** A little more than the fleet can serve inside its own budget. */
function peakOf(config: PlannerConfig, { model }: OpenedModel): number {
  const answer = model.searchFleet(atFullLoad(config, model));
  return answer.kind === "fleet"
    ? answer.best.requestsPerSecond * PEAK_SHARE
    : 1;
}

function policiesOf(
  asked: CommandContext["flags"][string],
): readonly PolicyName[] {
  if (!Array.isArray(asked) || asked.length === 0) return POLICY_NAMES;
  return POLICY_NAMES.filter((name) => asked.includes(name));
}

function budgetsOf(
  asked: CommandContext["flags"][string],
): readonly number[] | undefined {
  if (!Array.isArray(asked) || asked.length === 0) return undefined;
  return [...new Set(asked.map((one) => parseWatts(one, "--budget-watts")))];
}

function secondsOf(
  asked: CommandContext["flags"][string],
  lengthSeconds: number,
): number {
  if (typeof asked !== "number") return Math.ceil(lengthSeconds);
  if (asked > 0 && asked <= MOST_HOURS) return asked * 3600;
  throw new WattkeeperError(
    "invalid_value",
    `--hours must be above zero and at most ${MOST_HOURS}, found ${asked}.`,
    { where: "--hours", remedy: "Write --hours 24." },
  );
}

async function writeReport(path: string, page: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, page);
  } catch (cause) {
    throw new WattkeeperError(
      "write_failed",
      `The report "${path}" could not be written: ${
        cause instanceof Error ? cause.message : cause
      }.`,
      {
        where: "--report",
        remedy: "Name a file that this user may write.",
        cause,
      },
    );
  }
}
