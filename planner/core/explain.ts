/** A decision as a person reads it: at most 100 columns. @module */

import type { Decision, SideTarget } from "./decision.ts";
import type { OperatingPoint } from "./capacity.ts";
import { grouped, reasonText, watts } from "./reason_text.ts";

/** What {@linkcode explain} compares the outlook with. */
export interface ExplainTargets {
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly maxGpus: number | undefined;
}

const WIDTH = 100;
/** Times above this are dates, below it offsets into a trace. */
const FIRST_DATE_MS = 1e11;

/** The decision as a table and its reasons as sentences; ends with a newline. */
export function explain(decision: Decision, targets: ExplainTargets): string {
  const lines = [
    `Decision ${decision.sequence} at ${
      timeText(decision.atMs)
    }, from a window of ${decision.observed.windowSeconds} s`,
    "",
    ...trafficTable(decision),
    "",
    ...targetTable(decision),
    "",
    ...outlookLines(decision, targets),
  ];
  if (decision.reasons.length > 0) {
    lines.push(
      "",
      "Why",
      ...decision.reasons.flatMap((reason) =>
        wrapped(reasonText(reason), "  - ", "    ")
      ),
    );
  }
  return lines.join("\n") + "\n";
}

function trafficTable({ observed, predicted }: Decision): string[] {
  const rate = observed.requests === undefined
    ? "unknown"
    : (observed.requests / observed.windowSeconds).toFixed(2);
  const rows = [
    ["", "requests/s", "ISL", "OSL", ""],
    [
      "observed",
      rate,
      tokens(observed.islTokens),
      tokens(observed.oslTokens),
      "",
    ],
    predicted
      ? [
        "predicted",
        predicted.requestsPerSecond.toFixed(2),
        tokens(predicted.islTokens),
        tokens(predicted.oslTokens),
        predicted.predictor,
      ]
      : ["predicted", "unknown", "-", "-", ""],
  ];
  return table(rows, [0, 4]);
}

function targetTable({ targets, proposed, previous }: Decision): string[] {
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
    ...targets.map((
      { side, replicas, gpusPerReplica, capWatts, point },
    ) => [
      side,
      String(previous[side] ?? "-"),
      String(proposed[side] ?? "-"),
      String(replicas),
      String(gpusPerReplica),
      capWatts === undefined ? "-" : watts(capWatts),
      point ? watts(point.drawWatts) : "-",
      point ? String(point.batchSize) : "-",
      point ? point.requestsPerSecond.toFixed(2) : "-",
      point ? latency(point) : "-",
    ]),
  ], [0]);
}

function outlookLines(decision: Decision, targets: ExplainTargets): string[] {
  const lines: string[][] = [[
    "GPUs",
    `${decision.gpus}${
      targets.maxGpus === undefined ? "" : ` of ${targets.maxGpus}`
    }`,
  ]];
  if (
    decision.projectedWatts !== undefined && decision.budgetWatts !== undefined
  ) {
    lines.push([
      "caps",
      `${watts(decision.projectedWatts)} of ${watts(decision.budgetWatts)}`,
    ]);
  }
  if (decision.ttftMs !== undefined) {
    lines.push(["TTFT", `${ms(decision.ttftMs)} of ${ms(targets.ttftMs)}`]);
  }
  if (decision.itlMs !== undefined) {
    lines.push(["ITL", `${ms(decision.itlMs)} of ${ms(targets.itlMs)}`]);
  }
  if (
    decision.servedTokensPerSecond !== undefined &&
    decision.demandTokensPerSecond !== undefined
  ) {
    lines.push([
      "served",
      `${grouped(decision.servedTokensPerSecond)} of ${
        grouped(decision.demandTokensPerSecond)
      } output tokens/s`,
    ]);
  }
  if (decision.capacityRequestsPerSecond !== undefined) {
    lines.push([
      "capacity",
      `${decision.capacityRequestsPerSecond.toFixed(2)} requests/s`,
    ]);
  }
  const sources = provenance(decision.targets);
  if (sources) lines.push(["model", sources]);
  return lines.map(([name = "", text = ""]) => `  ${name.padEnd(9)} ${text}`);
}

function provenance(targets: readonly SideTarget[]): string | undefined {
  const words = (pick: (point: OperatingPoint) => string) =>
    [
      ...new Set(
        targets.flatMap(({ point }) => (point ? [pick(point)] : [])),
      ),
    ]
      .join(", ");
  const latencies = words(({ latencySource }) => latencySource);
  const powers = words(({ powerSource }) => powerSource);
  return latencies === "" ? undefined : `latency ${latencies}, power ${powers}`;
}

function latency({ ttftMs, itlMs }: OperatingPoint): string {
  return [
    ttftMs === undefined ? [] : [`TTFT ${ms(ttftMs)}`],
    itlMs === undefined ? [] : [`ITL ${ms(itlMs)}`],
  ].flat().join(", ");
}

function ms(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function tokens(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "-" : grouped(value);
}

/** A moment of the source's clock: a date, or an offset into a trace. */
export function timeText(atMs: number): string {
  if (atMs >= FIRST_DATE_MS && atMs < 8e15) {
    return new Date(atMs).toISOString().replace("T", " ").slice(0, 19) + " UTC";
  }
  return `+${grouped(atMs / 1000)} s`;
}

/** Columns under their heads; numbers to the right, `leftColumns` to the left. */
function table(
  rows: readonly (readonly string[])[],
  leftColumns: readonly number[],
): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length))
  );
  return rows.map((row) =>
    `  ${
      row.map((cell, column) =>
        leftColumns.includes(column)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      ).join("  ")
    }`.trimEnd()
  );
}

function wrapped(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(" ")) {
    if (!empty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
