/** `plan`: decides replicas and caps from traffic, within GPUs and watts. @module */

import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  badLineText,
  checkPlannerConfig,
  type ConfigProblem,
  invalidConfig,
  notBuiltYet,
  openDecisionLog,
  openModel,
  type PlannerConfig,
  problemLine,
  readConfigText,
  readTrace,
  runPlanner,
  textChunks,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "../../planner/mod.ts";
import { logger, WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import { decisionPrinter } from "../plan/decision_printer.ts";

/** The command. */
export const command: Command = {
  name: "plan",
  summary: "decide replicas and power caps from traffic, within the watts",
  description:
    `Each decision goes from observed traffic over a forecast and the replicas that it needs to what GPUs and watts allow, and says why.
With --once it decides once, from the last full window of the trace or from the one at --at. Without it, it replays the whole trace, window by window. Traffic is read from a trace (Azure LLM CSV or Mooncake JSON lines); nothing is scaled or capped yet.`,
  usage: [
    "plan --config FILE --once --trace FILE [flags]",
    "plan --config FILE --trace FILE [flags]",
    "plan --config FILE --check",
  ],
  options: [
    {
      name: "config",
      kind: "string",
      value: "FILE",
      help: "Planner configuration, YAML or JSON; docs/configuration.md has the fields.",
      required: true,
    },
    {
      name: "check",
      kind: "boolean",
      help: "Check the configuration, report every problem, decide nothing.",
    },
    { name: "once", kind: "boolean", help: "Decide once, print, end." },
    {
      name: "trace",
      kind: "string",
      value: "FILE",
      help:
        "Traffic to decide on: Azure LLM CSV or Mooncake JSON lines. Wins over trace_file.",
    },
    {
      name: "at",
      kind: "number",
      value: "SECONDS",
      help:
        "With --once: decide on the window that holds this offset into the trace.",
    },
    {
      name: "advisory",
      kind: "boolean",
      help: "Decide and show, write nothing to any cluster.",
    },
    {
      name: "decisions",
      kind: "string",
      value: "FILE",
      help: "Append every decision to a file, as JSON lines.",
    },
    {
      name: "store",
      kind: "string",
      value: "DIRECTORY",
      help:
        "Imported performance data. Without it $XDG_DATA_HOME/wattkeeper; without data the built-in model.",
    },
  ],
  examples: [
    {
      command:
        "deno run -A main.ts plan --config docs/examples/h200_disagg.yaml --once --trace azure_llm_2023_code.csv",
      explains: "one decision from the last window of a real trace",
    },
    {
      command:
        "deno run -A main.ts plan --config docs/examples/h200_disagg.yaml --trace mooncake.jsonl --output jsonl",
      explains: "every decision of a trace, for a program",
    },
    {
      command: "deno run -A main.ts plan --config planner.yaml --check",
      explains: "every problem of a configuration at once",
    },
  ],
  outputs: ["table", "json", "jsonl"],
  run: (context) =>
    context.flags["check"] === true ? check(context) : plan(context),
};

async function readConfig(context: CommandContext) {
  const name = text(context, "config") ?? "";
  const trace = text(context, "trace");
  const checked = checkPlannerConfig({
    text: await readConfigText(name),
    name,
    environment: Deno.env.toObject(),
    flags: [
      ...(trace === undefined ? [] : [
        { field: "trace_file", flag: "--trace", value: trace } as const,
        { field: "traffic_source", flag: "--trace", value: "trace" } as const,
      ]),
      ...(context.flags["advisory"] === true
        ? [{ field: "advisory", flag: "--advisory", value: true } as const]
        : []),
    ],
  });
  return { name, ...checked };
}

async function check(context: CommandContext): Promise<number> {
  const { name, config, problems, warnings } = await readConfig(context);
  if (context.output !== "table") {
    const report = {
      config: name,
      valid: config !== undefined,
      problems: problems.map(problemRecord),
      warnings: warnings.map(problemRecord),
    };
    const indent = context.output === "json" ? 2 : undefined;
    context.write(`${JSON.stringify(report, null, indent)}\n`);
    return config ? 0 : 2;
  }
  if (!config) throw invalidConfig(name, problems);
  const notices = notBuiltYet(config);
  const lines = [
    `${name} is valid.`,
    ...warnings.map((warning) => `  warning: ${problemLine(warning)}`),
    ...notices.map((notice) => `  note: ${notice}`),
  ];
  context.write(`${lines.join("\n")}\n`);
  return 0;
}

async function plan(context: CommandContext): Promise<number> {
  const log = logger("planner");
  const { name, config, problems, warnings } = await readConfig(context);
  if (!config) throw invalidConfig(name, problems);
  const once = context.flags["once"] === true;
  const at = context.flags["at"];
  if (at !== undefined && !once) {
    throw new WattkeeperError("invalid_usage", "--at needs --once.", {
      where: "--at",
      remedy: "Add --once, or leave --at out to replay the whole trace.",
    });
  }
  const tracePath = traceOf(config);
  for (const warning of warnings) log.warn(problemLine(warning));
  for (const notice of notBuiltYet(config)) log.info(notice);
  const trace = await openTrace(context, config, tracePath);
  if (trace.badLines > 0) {
    log.warn(
      `${trace.badLines} lines of "${trace.name}" hold no request and were left out: ${
        badLineText(trace.badExamples)
      }.`,
    );
  }
  const opener = await openEstimators(text(context, "store"));
  const opened = await openModel(
    config,
    (engineCase) => opener.open(engineCase),
  );
  for (const notice of opened.notices) log.info(notice);

  const observations = once
    ? [windowAt(trace, typeof at === "number" ? at : undefined)]
    : traceWindows(trace);
  const printer = decisionPrinter({
    output: context.output,
    once,
    write: context.write,
    targets: config,
  });
  const decisionsPath = text(context, "decisions");
  await using file = decisionsPath === undefined
    ? undefined
    : await openDecisionLog(decisionsPath);
  await runPlanner({
    config,
    model: opened.model,
    observations: abortable(observations, context),
    signal: context.signal,
    async record(decision) {
      await file?.append(decision);
      printer.print(decision);
    },
  });
  context.progress.end();
  printer.end();
  context.signal.throwIfAborted();
  return printer.feasible() ? 0 : 1;
}

async function openTrace(
  context: CommandContext,
  config: PlannerConfig,
  path: string,
): Promise<TraceSummary> {
  const trace = await readTrace({
    name: path,
    chunks: textChunks(path),
    windowSeconds: config.throughputIntervalSeconds,
    signal: context.signal,
    onProgress: (lines) =>
      context.progress.update(lines, undefined, "lines of the trace"),
  });
  context.progress.end();
  return trace;
}

/** The trace to read; other sources of traffic are not there yet, and that is said. */
function traceOf(config: PlannerConfig): string {
  if (config.trafficSource === "trace" && config.traceFile !== undefined) {
    return config.traceFile;
  }
  throw new WattkeeperError(
    "invalid_usage",
    `traffic_source is ${config.trafficSource}, and only traces can be read yet.`,
    {
      where: "--trace",
      remedy:
        "Pass --trace FILE with an Azure LLM CSV or a Mooncake JSON lines file.",
    },
  );
}

/** Yields to signals between decisions, so that ^C is noticed in a long replay. */
async function* abortable<Item>(
  items: Iterable<Item>,
  { signal, progress }: CommandContext,
): AsyncGenerator<Item> {
  let done = 0;
  for (const item of items) {
    if (++done % 16 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      progress.update(done, undefined, "windows");
    }
    if (signal.aborted) return;
    yield item;
  }
}

function problemRecord(problem: ConfigProblem) {
  return {
    path: problem.path,
    origin: problem.origin ?? null,
    found: problem.found,
    write: problem.write,
  };
}

function text(context: CommandContext, flag: string): string | undefined {
  const value = context.flags[flag];
  return typeof value === "string" ? value : undefined;
}
