/** A recorded decision as a person reads it: seen, proposed, constrained and by what, waited for. Pure. @module */

import { timeText } from "../../planner/mod.ts";
import type { ExplainedRecord } from "./explained_record.ts";

const WIDTH = 100;

/** The text; ends with a newline. */
export function explainRecord(record: ExplainedRecord): string {
  return [
    ...head(record),
    "",
    "Seen",
    ...seen(record),
    "",
    "Proposed and allowed",
    ...allowed(record),
    ...outlook(record),
    ...section(
      "Why",
      record.reasons.map(({ text }) => text),
      "Nothing held it back.",
    ),
    ...underWay(record),
    ...section("Faults at that time", [
      ...record.faults.map(({ part, message }) => `${part}: ${message}`),
    ]),
  ].join("\n") + "\n";
}

function head(record: ExplainedRecord): string[] {
  const { due, environment } = record;
  const cadence = due === undefined
    ? ""
    : due.throughput && due.load
    ? "for traffic and load"
    : due.throughput
    ? "for traffic"
    : due.load
    ? "for load"
    : "because the configuration changed";
  const mode = record.advisory
    ? ", advisory: nothing is written"
    : record.paused
    ? ", paused: nothing is written"
    : "";
  return [
    `Decision ${record.sequence} at ${
      timeText(record.made_at_ms ?? record.at_ms)
    } ${cadence}`.trimEnd() +
    (environment === undefined ? "" : ` (${environment}${mode})`),
  ];
}

function seen(record: ExplainedRecord): string[] {
  const { observed, predicted, source_problems } = record;
  const rate = observed.requests === null || observed.requests === undefined
    ? "unknown"
    : (observed.requests / observed.window_seconds).toFixed(2);
  return [
    ...table([
      ["", "requests/s", "ISL", "OSL", ""],
      [
        `last ${observed.window_seconds} s`,
        rate,
        whole(observed.isl_tokens),
        whole(observed.osl_tokens),
        "",
      ],
      predicted
        ? [
          "expected",
          predicted.requests_per_second.toFixed(2),
          whole(predicted.isl_tokens),
          whole(predicted.osl_tokens),
          predicted.predictor,
        ]
        : ["expected", "unknown", "-", "-", ""],
    ]),
    ...source_problems.flatMap(({ what, message }) =>
      wrapped(`${what}: ${message}`)
    ),
  ];
}

function allowed(record: ExplainedRecord): string[] {
  return table([
    ["side", "before", "asked", "allowed", "GPUs", "cap/GPU", "latency"],
    ...record.targets.map((target) => [
      target.side,
      String(record.previous_replicas[target.side] ?? "-"),
      String(record.proposed_replicas[target.side] ?? "-"),
      String(record.carried_replicas[target.side] ?? target.replicas),
      String(target.replicas * target.gpus_per_replica),
      target.cap_watts === null || target.cap_watts === undefined
        ? "-"
        : `${target.cap_watts} W`,
      latency(target.ttft_ms ?? target.itl_ms),
    ]),
  ]);
}

function outlook(record: ExplainedRecord): string[] {
  const { projected_watts, budget_watts, slo } = record;
  const lines = [
    [
      "GPUs",
      `${record.gpus}${
        record.max_gpus === null || record.max_gpus === undefined
          ? ""
          : ` of ${record.max_gpus}`
      }`,
    ],
    ...(projected_watts !== null && projected_watts !== undefined
      ? [["caps", `${projected_watts} W of ${budget_watts ?? "?"} W`]]
      : []),
    ...(record.ttft_ms !== null && record.ttft_ms !== undefined
      ? [[
        "TTFT",
        `${latency(record.ttft_ms)}${slo ? ` of ${slo.ttft_ms} ms` : ""}`,
      ]]
      : []),
    ...(record.itl_ms !== null && record.itl_ms !== undefined
      ? [[
        "ITL",
        `${latency(record.itl_ms)}${slo ? ` of ${slo.itl_ms} ms` : ""}`,
      ]]
      : []),
    ...(record.served_tokens_per_second !== null &&
        record.served_tokens_per_second !== undefined
      ? [[
        "served",
        `${Math.round(record.served_tokens_per_second)} of ${
          Math.round(record.demand_tokens_per_second ?? 0)
        } output tokens/s`,
      ]]
      : []),
  ];
  return [
    "",
    ...lines.map(([name = "", text]) => `  ${name.padEnd(8)} ${text}`),
  ];
}

function underWay(record: ExplainedRecord): string[] {
  const { transition, advisory, paused } = record;
  if (!transition) return ["", "On the way", "  The fleet was not known."];
  const { charged_watts, budget_in_force_watts } = transition;
  const verb = advisory || paused ? "would" : "next";
  const more = (total: number, shown: number) =>
    total > shown ? [`and ${total - shown} more`] : [];
  return [
    ...section("On the way", [
      transition.settled
        ? "The fleet is as the decision says."
        : "The fleet is not as the decision says yet.",
      ...(budget_in_force_watts !== null && budget_in_force_watts !== undefined
        ? [
          `Charged are ${charged_watts} W of the ${budget_in_force_watts} W in force${
            transition.compliant ? "" : ": over the budget"
          }.`,
        ]
        : []),
      ...(transition.unreachable_missing_watts
        ? [
          `There is no safe way to the targets: ${transition.unreachable_missing_watts} W are missing.`,
        ]
        : []),
      ...transition.steps.map(({ text }) => `${verb}: ${text}`),
      ...more(transition.steps_total, transition.steps.length),
    ]),
    ...section("Waited for", [
      ...transition.waits.map(({ text }) => text),
      ...more(transition.waits_total, transition.waits.length),
    ]),
    ...section("Alarms", transition.alarms.map(({ message }) => message)),
  ];
}

function section(
  title: string,
  entries: readonly string[],
  empty?: string,
): string[] {
  if (entries.length === 0) {
    return empty === undefined ? [] : ["", title, `  ${empty}`];
  }
  return ["", title, ...entries.flatMap(wrapped)];
}

/** A list entry within the width. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "  -";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH && line.trim() !== "-") {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    `  ${
      row.map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0)
      ).join("  ")
    }`.trimEnd()
  );
}

function latency(milliseconds: number | null | undefined): string {
  return milliseconds === null || milliseconds === undefined
    ? "-"
    : `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

function whole(value: number | null | undefined): string {
  return value === null || value === undefined
    ? "-"
    : String(Math.round(value));
}
