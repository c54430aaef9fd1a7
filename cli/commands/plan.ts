/** `plan`: decides replicas and caps from traffic, within GPUs and watts. @module */

import { realClock } from "../../cluster/mod.ts";
import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  checkPlannerConfig,
  type ConfigProblem,
  configuredModels,
  invalidConfig,
  notBuiltYet,
  openModel,
  problemLine,
  readConfigText,
  searchWith,
  unreadableFiles,
  watchConfigFile,
} from "../../planner/mod.ts";
import { logger, WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import { parseListenAddress } from "../plan/listen_address.ts";
import { replay } from "../plan/replay.ts";
import { serve } from "../plan/service.ts";

/** The command. */
export const command: Command = {
  name: "plan",
  summary: "decide replicas and power caps from traffic, within the watts",
  description:
    `Each decision goes from observed traffic over a forecast and the replicas that it needs to what GPUs and watts allow, and says why.
It runs until ^C or SIGTERM, over the fleet that "environment" names: kubernetes (a DynamoGraphDeployment or labelled workloads, through --kubeconfig or from inside the cluster), simulated (a world inside the process, at --speed) or virtual (decisions are published over HTTP for another orchestrator). On a terminal it shows a live status, elsewhere it logs. With --advisory, or --once, nothing is written to the fleet, and what would be written is listed.
With --trace it decides on a trace instead (Azure LLM CSV or Mooncake JSON lines): window by window, or with --once on the last full window or the one at --at.`,
  usage: [
    "plan --config FILE [--advisory] [--listen HOST:PORT] [flags]",
    "plan --config FILE --once [--trace FILE] [flags]",
    "plan --config FILE --trace FILE [flags]",
    "plan --config FILE --check",
  ],
  options: [
    {
      name: "config",
      kind: "string",
      value: "FILE",
      help:
        "Planner configuration, YAML or JSON; docs/configuration.md has the fields.",
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
      name: "state",
      kind: "string",
      value: "FILE",
      help:
        "Where coefficients, history and last targets survive a restart; a file that is damaged is set aside.",
    },
    {
      name: "listen",
      kind: "string",
      value: "HOST:PORT",
      help:
        "Serve /metrics, /healthz, /readyz and /api/v1 there. Without it nothing is served.",
    },
    {
      name: "legacy-metric-names",
      kind: "boolean",
      help:
        "Export upstream's misleading names too; docs/metrics.md maps them.",
    },
    {
      name: "kubeconfig",
      kind: "string",
      value: "FILE",
      help:
        "Access to the cluster, with environment: kubernetes. Without it, from inside the cluster.",
    },
    {
      name: "context",
      kind: "string",
      value: "NAME",
      help: "Context of the kubeconfig.",
    },
    {
      name: "speed",
      kind: "number",
      value: "FACTOR",
      help: "With a simulated environment: simulated seconds a second.",
      default: 1,
    },
    {
      name: "seed",
      kind: "integer",
      value: "NUMBER",
      help: "With a simulated environment: the same seed is the same traffic.",
      default: 1,
    },
    {
      name: "store",
      kind: "string",
      value: "DIRECTORY",
      help:
        "Imported performance data. Without it $XDG_DATA_HOME/wattkeeper; without data the built-in model.",
    },
  ],
  service: true,
  examples: [
    {
      command:
        "deno run -A main.ts plan --config docs/examples/h200_disagg.yaml --speed 60 --listen 127.0.0.1:9090",
      explains: "a planner over a simulated fleet, an hour a minute",
    },
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
  const input = {
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
  };
  return { ...input, ...checkPlannerConfig(input) };
}

async function check(context: CommandContext): Promise<number> {
  const { name, config, problems, warnings: found } = await readConfig(context);
  const warnings = config
    ? [...found, ...await unreadableFiles(config)]
    : found;
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
  const checked = await readConfig(context);
  const { name, config, problems, warnings } = checked;
  if (!config) throw invalidConfig(name, problems);
  for (const warning of warnings) log.warn(problemLine(warning));
  const { flags } = context;
  const once = flags["once"] === true;
  const open = async () => {
    const opener = await openEstimators(
      text(context, "store"),
      { models: await configuredModels(config) },
    );
    const opened = await openModel(config, searchWith(opener));
    for (const notice of opened.notices) log.info(notice);
    return opened;
  };
  const at = flags["at"];
  if (config.trafficSource === "trace" && config.traceFile !== undefined) {
    return await replay(context, {
      config,
      tracePath: config.traceFile,
      once,
      atSeconds: typeof at === "number" ? at : undefined,
      decisionsPath: text(context, "decisions"),
      openModel: open,
    });
  }
  if (at !== undefined) {
    throw new WattkeeperError("invalid_usage", "--at needs a trace.", {
      where: "--at",
      remedy: "Add --trace FILE and --once, or leave --at out.",
    });
  }
  const { metricsPort } = config.service;
  const listen = text(context, "listen");
  return await serve(context, {
    config,
    openModel: open,
    watch: checked.fields && !once
      ? watchConfigFile({
        path: name,
        fields: checked.fields,
        text: checked.text,
        environment: checked.environment,
        flags: checked.flags,
        clock: realClock,
      })
      : undefined,
    once,
    listen: listen !== undefined
      ? parseListenAddress(listen)
      : metricsPort === undefined
      ? undefined
      : { hostname: "0.0.0.0", port: metricsPort },
    legacyNames: flags["legacy-metric-names"] === true,
    decisionsPath: text(context, "decisions"),
    statePath: text(context, "state"),
    kubeconfig: text(context, "kubeconfig"),
    kubeContext: text(context, "context"),
    speed: typeof flags["speed"] === "number" ? flags["speed"] : 1,
    seed: typeof flags["seed"] === "number" ? flags["seed"] : 1,
  });
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
