/** `estimate`: latency, energy and memory of one worker, from flags or from a file of cases (`SPEC.md` R52). @module */

import { TextLineStream } from "../text_lines.ts";
import {
  answerCase,
  answerLines,
  CASE_FIELDS,
  type CaseField,
  type EstimateRow,
  type RawCase,
  type RefusedRow,
} from "../../optimizer-wasm/estimate/mod.ts";
import { openEstimators } from "../../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext, OptionSpec } from "../command.ts";
import { POWER_CURVES_OPTION, powerCurvesOf } from "../power_curves.ts";
import { type Column, renderRows } from "../render.ts";

type Row = EstimateRow | RefusedRow;

const VALUES: Readonly<Record<CaseField["kind"], string>> = {
  text: "NAME",
  integer: "N",
  choice: "NAME",
};

function flagOf(field: CaseField): OptionSpec {
  return {
    name: field.name.replaceAll("_", "-"),
    kind: field.kind === "integer" ? "integer" : "string",
    value: VALUES[field.kind],
    help: field.help,
    ...(field.choices === undefined ? {} : { choices: field.choices }),
  };
}

const answered = (row: Row): EstimateRow | undefined =>
  "error" in row ? undefined : row;

function numberColumn(
  key: keyof EstimateRow & string,
  title: string,
  digits: number,
): Column<Row> {
  return {
    key,
    title,
    value: (row) => {
      const value = answered(row)?.[key];
      return typeof value === "number" ? value : undefined;
    },
    show: (row) => {
      const value = answered(row)?.[key];
      return typeof value === "number" ? value.toFixed(digits) : "";
    },
  };
}

function textColumn(
  key: keyof EstimateRow & string,
  title: string,
): Column<Row> {
  return {
    key,
    title,
    value: (row) => {
      const value = answered(row)?.[key];
      return typeof value === "object" ? undefined : value;
    },
  };
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: "id",
    title: "id",
    value: ({ id }) =>
      typeof id === "object" && id !== null ? JSON.stringify(id) : id,
  },
  numberColumn("ttft_ms", "TTFT ms", 3),
  numberColumn("tpot_ms", "TPOT ms", 3),
  numberColumn("context_ms", "prefill ms", 3),
  numberColumn("generation_ms", "decode ms", 3),
  numberColumn("context_energy_wms", "prefill W·ms", 0),
  numberColumn("generation_energy_wms", "decode W·ms", 0),
  numberColumn("context_power_watts", "prefill W", 0),
  numberColumn("generation_power_watts", "decode W", 0),
  numberColumn("context_power_watts_low", "prefill W low", 0),
  numberColumn("context_power_watts_high", "prefill W high", 0),
  numberColumn("generation_power_watts_low", "decode W low", 0),
  numberColumn("generation_power_watts_high", "decode W high", 0),
  numberColumn("cap_watts", "cap W", 0),
  numberColumn("capped_ttft_ms", "TTFT ms at cap", 3),
  numberColumn("capped_tpot_ms", "TPOT ms at cap", 3),
  numberColumn("capped_context_power_watts", "prefill W at cap", 0),
  numberColumn("capped_generation_power_watts", "decode W at cap", 0),
  numberColumn("context_clock", "prefill clock", 3),
  numberColumn("generation_clock", "decode clock", 3),
  numberColumn("context_cap_error", "prefill ± (declared)", 2),
  numberColumn("generation_cap_error", "decode ± (declared)", 2),
  textColumn("power_curve", "power curve"),
  numberColumn("memory_gib", "GiB", 1),
  textColumn("fits_memory", "fits"),
  textColumn("latency_source", "latency"),
  textColumn("power_source", "power"),
  {
    key: "measured_power_share",
    title: "measured power",
    value: (row) => answered(row)?.measured_power_share,
    show: (row) =>
      `${((answered(row)?.measured_power_share ?? 0) * 100).toFixed(0)} %`,
  },
  textColumn("beyond_tables", "beyond tables"),
  textColumn("database_mode", "mode"),
  textColumn("data_version", "data"),
  {
    key: "error_code",
    title: "error",
    value: (row) => "error" in row ? row.error.code : undefined,
  },
  {
    key: "error_message",
    title: "why",
    value: (row) => "error" in row ? row.error.message : undefined,
  },
];

/** One answer as a person reads it: a field a line, the empty ones left out. */
function card(row: Row): string {
  const shown = COLUMNS.flatMap((column) => {
    const value = column.value(row);
    if (value === undefined || value === null) return [];
    return [[column.title ?? column.key, column.show?.(row) ?? String(value)]];
  });
  const width = Math.max(...shown.map(([title = ""]) => title.length));
  return shown.map(([title = "", text = ""]) =>
    `${title.padEnd(width)}  ${text}\n`
  ).join("");
}

function operatorTable(row: EstimateRow): string {
  return renderRows(row.operators ?? [], [
    { key: "phase", value: (op) => op.phase },
    { key: "name", title: "operator", value: (op) => op.name },
    {
      key: "latency_ms",
      title: "ms",
      value: (op) => op.latency_ms,
      show: (op) => op.latency_ms.toFixed(4),
    },
    {
      key: "energy_wms",
      title: "W·ms",
      value: (op) => op.energy_wms,
      show: (op) => op.energy_wms.toFixed(0),
    },
  ], "table");
}

function flagsToCase(context: CommandContext): RawCase {
  return Object.fromEntries(
    CASE_FIELDS.flatMap(({ name }) => {
      const value = context.flags[name.replaceAll("_", "-")];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function unreadable(path: string, cause: unknown): WattkeeperError {
  const missing = cause instanceof Deno.errors.NotFound;
  return new WattkeeperError(
    missing ? "file_not_found" : "file_unreadable",
    `The file of cases "${path}" ${
      missing ? "does not exist" : "cannot be read"
    }${missing || !(cause instanceof Error) ? "" : `: ${cause.message}`}.`,
    { where: "--cases", cause },
  );
}

/** Lines of a file or of standard input; ^C ends also a read that is waiting. */
async function* linesOf(
  path: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  try {
    const file = path === "-"
      ? Deno.stdin.readable
      : (await Deno.open(path)).readable;
    yield* file
      .pipeThrough(new TextDecoderStream(), { signal })
      .pipeThrough(new TextLineStream());
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(path, cause);
  }
}

async function runCases(
  context: CommandContext,
  path: string,
  perOperator: boolean,
): Promise<number> {
  const opener = await openEstimators(
    storeOf(context),
    { powerCurves: await powerCurvesOf(context.flags) },
  );
  const rows: Row[] = [];
  const stream = context.output === "jsonl" || context.output === "table";
  let done = 0;
  let faults = 0;
  const options = { perOperator, signal: context.signal };
  const lines = linesOf(path, context.signal);
  for await (const row of answerLines(opener, lines, options)) {
    context.progress.update(++done, undefined, "cases");
    if ("error" in row && row.error.code === "internal") faults++;
    if (stream) context.write(`${JSON.stringify(row)}\n`);
    else rows.push(row);
  }
  context.progress.end();
  if (context.output === "json") {
    context.write(`${JSON.stringify(rows, null, 2)}\n`);
  } else if (!stream) {
    context.write(renderRows(rows, COLUMNS, context.output));
  }
  return faults > 0 ? 1 : 0;
}

function storeOf(context: CommandContext): string | undefined {
  const { store } = context.flags;
  return typeof store === "string" ? store : undefined;
}

async function runOne(
  context: CommandContext,
  perOperator: boolean,
): Promise<number> {
  const opener = await openEstimators(
    storeOf(context),
    { powerCurves: await powerCurvesOf(context.flags) },
  );
  const row = await answerCase(opener, flagsToCase(context), perOperator);
  switch (context.output) {
    case "json":
      context.write(`${JSON.stringify(row, null, 2)}\n`);
      break;
    case "jsonl":
      context.write(`${JSON.stringify(row)}\n`);
      break;
    case "csv":
      context.write(renderRows([row], COLUMNS, "csv"));
      break;
    default:
      context.write(card(row));
      if (perOperator) context.write(`\n${operatorTable(row)}`);
      if (row.latency_source === "roofline") {
        context.write(
          "\nThe built-in roofline answered: no tables are imported for this system and backend.\n",
        );
      }
      if (!row.fits_memory) {
        context.write(
          "\nThis worker does not fit the GPU's memory or the backend's KV budget.\n",
        );
      }
  }
  return 0;
}

/** The command. */
export const command: Command = {
  name: "estimate",
  summary: "latency, energy and memory of one worker",
  description:
    `Answers how long a batch takes on one worker: prefill of all inputs, then osl − 1 decode steps, as AIConfigurator's static run composes them. Energy is what the tables measured; watts are the average over a phase after gaps are filled. Times are per step of one replica, watts and memory per GPU.
With --cases it reads one JSON object a line ("-" for standard input), with the same fields in snake_case and an id, and writes one line each, order kept: an answer, or {"id", "error": {"code", "message", "field"}}. The codes are those of docs/errors.md. A file that could be read ends with exit code 0 even when lines were refused.`,
  usage: [
    "estimate --model NAME --system NAME --backend NAME --batch-size N --isl N --osl N [flags]",
    "estimate --cases FILE",
  ],
  options: [
    {
      name: "cases",
      kind: "string",
      value: "FILE",
      help: "Questions, one JSON object a line; - for standard input.",
    },
    ...CASE_FIELDS.map(flagOf),
    {
      name: "per-operator",
      kind: "boolean",
      help: "Also show every operator of both phases.",
    },
    POWER_CURVES_OPTION,
    {
      name: "store",
      kind: "string",
      value: "DIR",
      help: "Where the imported data lies; $XDG_DATA_HOME/wattkeeper without.",
    },
  ],
  examples: [
    {
      command:
        "deno run -A main.ts estimate --model Qwen/Qwen3-32B --system h200_sxm --backend vllm --tp 2 --batch-size 8 --isl 4000 --osl 500",
      explains: "one worker of two H200, eight requests together",
    },
    {
      command:
        "deno run -A main.ts estimate --cases cases.jsonl > answers.jsonl",
      explains: "many questions in one go",
    },
  ],
  outputs: ["table", "json", "csv", "jsonl"],
  run: (context) => {
    const { cases } = context.flags;
    const perOperator = context.flags["per-operator"] === true;
    return typeof cases === "string"
      ? runCases(context, cases, perOperator)
      : runOne(context, perOperator);
  },
};
