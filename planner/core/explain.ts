/** A decision as a person reads it: at most 100 columns. @module */

import type { Decision, Goals } from "./decision.ts";
import {
  admissionLines,
  coefficientLines,
  optimizerLines,
  transitionLines,
} from "./explain_parts.ts";
import { grouped, watts } from "./reason_text.ts";
import { decisionRecord } from "./record.ts";
import { type RecordView, viewRecord } from "./record_view.ts";
import { table, wrapped } from "./text_table.ts";

/** What {@linkcode explain} compares the outlook with. */
export type ExplainTargets = Goals;

/** Times above this are dates, below it offsets into a trace. */
const FIRST_DATE_MS = 1e11;
const SIDES = ["prefill", "decode", "agg"];

/** The decision as tables and its reasons as sentences; ends with a newline. */
export function explain(
  decision: Decision,
  targets: ExplainTargets = decision.goals,
): string {
  return explainRecord(decisionRecord({ ...decision, goals: targets }));
}

/**
 * The same from a record that was read back, from a decisions file or a running planner. What the record does not say is
 * left out.
 */
export function explainRecord(value: unknown): string {
  const record = viewRecord(value);
  const lines = [
    `Decision ${record.number("sequence") ?? "?"} at ${
      timeText(record.number("at_ms") ?? 0)
    }, from a window of ${
      record.number("observed", "window_seconds") ?? "?"
    } s`,
    ...modeLine(record),
    "",
    ...trafficTable(record),
    "",
    ...targetTable(record),
    "",
    ...outlookLines(record),
    ...section("Model against fleet", coefficientLines(record)),
    ...section("Optimizer", optimizerLines(record)),
    ...section("Admission", admissionLines(record)),
    ...section("Transition", transitionLines(record)),
  ];
  const reasons = record.list("reasons").flatMap((reason) =>
    reason.text("text") ?? []
  );
  lines.push(
    ...section(
      "Why",
      reasons.flatMap((text) => wrapped(text, "  - ", "    ")),
    ),
  );
  return lines.join("\n") + "\n";
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

/** What is not so on an ordinary tick. */
function modeLine(record: RecordView): string[] {
  const words = [
    record.flag("paused") === true ? ["paused: nothing is written"] : [],
    record.flag("advisory") === true ? ["advisory: nothing is written"] : [],
    record.text("throughput_decision") === undefined
      ? []
      : [`throughput: ${record.text("throughput_decision")}`],
    record.text("load_decision") === undefined
      ? []
      : [`load: ${record.text("load_decision")}`],
  ].flat();
  return words.length === 0 ? [] : [words.join("; ")];
}

function trafficTable(record: RecordView): string[] {
  const requests = record.number("observed", "requests");
  const seconds = record.number("observed", "window_seconds");
  const predicted = record.part("predicted");
  const rows = [
    ["", "requests/s", "ISL", "OSL", ""],
    [
      "observed",
      requests === undefined || !seconds
        ? "unknown"
        : (requests / seconds).toFixed(2),
      tokens(record.number("observed", "isl_tokens")),
      tokens(record.number("observed", "osl_tokens")),
      "",
    ],
    predicted
      ? [
        "predicted",
        predicted.number("requests_per_second")?.toFixed(2) ?? "unknown",
        tokens(predicted.number("isl_tokens")),
        tokens(predicted.number("osl_tokens")),
        predicted.text("predictor") ?? "",
      ]
      : ["predicted", "unknown", "-", "-", ""],
  ];
  return table(rows, [0, 4]);
}

function targetTable(record: RecordView): string[] {
  const decided = record.texts("decided");
  return table([
    [
      "side",
      "now",
      "asked",
      "final",
      "GPUs",
      "cap/GPU",
      "draw/GPU",
      "batch",
      "req/s each",
      "latency",
    ],
    ...record.list("targets").map((target) => {
      const side = target.text("side") ?? "?";
      const count = (...path: readonly string[]) => {
        const found = SIDES.includes(side) ? record.number(...path) : undefined;
        return found === undefined ? "-" : short(found);
      };
      const found = record.number("found", side, "target_replicas");
      return [
        side,
        found === undefined ? count("previous_replicas", side) : short(found),
        count("proposed_replicas", side),
        `${target.number("replicas") ?? "-"}${
          decided.includes(side) || decided.length === 0 ? "" : " (kept)"
        }`,
        String(target.number("gpus_per_replica") ?? "-"),
        optional(target.number("cap_watts"), watts),
        optional(target.number("draw_watts"), watts),
        optional(target.number("batch_size"), String),
        optional(
          target.number("requests_per_second"),
          (value) => value.toFixed(2),
        ),
        latency(target),
      ];
    }),
  ], [0]);
}

function outlookLines(record: RecordView): string[] {
  const lines: string[][] = [];
  const of = (value: string, limit: string | undefined) =>
    limit === undefined ? value : `${value} of ${limit}`;
  const say = (name: string, value: string | undefined, limit?: string) => {
    if (value !== undefined) lines.push([name, of(value, limit)]);
  };
  const show = <Result>(
    path: readonly string[],
    text: (value: number) => Result,
  ): Result | undefined => {
    const value = record.number(...path);
    return value === undefined ? undefined : text(value);
  };
  say("GPUs", show(["gpus"], String), show(["goals", "max_gpus"], String));
  say("caps", show(["projected_watts"], watts), show(["budget_watts"], watts));
  say(
    "draw",
    show(["expected_draw_watts"], (value) => `${watts(value)} when busy`),
  );
  say("TTFT", show(["ttft_ms"], ms), show(["goals", "ttft_ms"], ms));
  say("ITL", show(["itl_ms"], ms), show(["goals", "itl_ms"], ms));
  const demand = show(["demand_tokens_per_second"], grouped);
  if (demand !== undefined) {
    say(
      "served",
      show(["served_tokens_per_second"], grouped),
      `${demand} output tokens/s`,
    );
  }
  say(
    "capacity",
    show(
      ["capacity_requests_per_second"],
      (value) => `${value.toFixed(2)} requests/s`,
    ),
  );
  const bounds = record.numbers("lower_bounds");
  if (bounds.length > 0) {
    say(
      "bounds",
      bounds.map(([side, count]) => `${count} ${side}`).join(" + "),
    );
  }
  say("model", provenance(record));
  return lines.map(([name = "", text = ""]) => `  ${name.padEnd(9)} ${text}`);
}

function provenance(record: RecordView): string | undefined {
  const words = (name: string) =>
    [
      ...new Set(
        record.list("targets").flatMap((target) => target.text(name) ?? []),
      ),
    ].join(", ");
  const latencies = words("latency_source");
  return latencies === ""
    ? undefined
    : `latency ${latencies}, power ${words("power_source")}`;
}

function latency(target: RecordView): string {
  const ttft = target.number("ttft_ms");
  const itl = target.number("itl_ms");
  const parts = [
    ttft === undefined ? [] : [`TTFT ${ms(ttft)}`],
    itl === undefined ? [] : [`ITL ${ms(itl)}`],
  ].flat();
  return parts.length === 0 ? "-" : parts.join(", ");
}

function optional(
  value: number | undefined,
  text: (value: number) => string,
): string {
  return value === undefined ? "-" : text(value);
}

/** A count; what no fleet has does not widen the table. */
function short(count: number): string {
  return Math.abs(count) < 1e7 ? String(count) : count.toExponential(1);
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function tokens(value: number | undefined): string {
  return value === undefined ? "-" : grouped(value);
}

/** A moment of the source's clock: a date, or an offset into a trace. */
export function timeText(atMs: number): string {
  if (atMs >= FIRST_DATE_MS && atMs < 8e15) {
    return new Date(atMs).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  }
  return `+${grouped(atMs / 1000)} s`;
}
