/** A report as one HTML page that loads nothing. @module */

import type { ReportData, ReportRun } from "./data.ts";
import { escaped } from "./escape.ts";
import { plot } from "./plot.ts";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";
import { timeText } from "./time_text.ts";

/** The whole page. */
export function reportPage(data: ReportData): string {
  const { title, subtitle, facts, runs, notes } = data;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1>${
    subtitle === undefined ? "" : `<p>${escaped(subtitle)}</p>`
  }${
    facts.length === 0
      ? ""
      : `<dl>${
        facts.map(({ name, value }) =>
          `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`
        ).join("")
      }</dl>`
  }</header>
<main>${summaryTable(runs)}
<h2>Over time</h2>
${runs.map((run, index) => runSection(run, index === 0)).join("\n")}
${
    notes.length === 0
      ? ""
      : `<h2>Notes</h2>${
        notes.map((note) => `<p>${escaped(note)}</p>`).join("")
      }`
  }</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function summaryTable(runs: readonly ReportRun[]): string {
  const names = runs[0]?.summary.map(({ name }) => name) ?? [];
  if (names.length === 0) return "";
  const cells = (index: number) =>
    runs.map(({ summary }) =>
      `<td>${escaped(summary[index]?.value ?? "–")}</td>`
    )
      .join("");
  return `<h2>Results</h2><div class="scroll"><table><thead><tr><th></th>${
    runs.map(({ name }) => `<th>${escaped(name)}</th>`).join("")
  }</tr></thead><tbody>${
    names.map((name, index) =>
      `<tr><td>${escaped(name)}</td>${cells(index)}</tr>`
    ).join("")
  }</tbody></table></div>`;
}

function runSection(run: ReportRun, isOpen: boolean): string {
  return `<details class="run"${isOpen ? " open" : ""}><summary>${
    escaped(run.name)
  }</summary>${run.panels.map((panel) => plot(panel, run)).join("")}${
    checksList(run)
  }${eventsList(run)}</details>`;
}

function checksList({ checks }: ReportRun): string {
  if (!checks) return "";
  const failed = checks.filter(({ passed }) => !passed).length;
  return `<h2>Assertions: ${
    checks.length - failed
  } of ${checks.length} hold</h2><ol class="events">${
    checks.map(({ title, passed, found }) =>
      `<li class="${passed ? "info" : "failed"}">${passed ? "✓" : "✗"} ${
        escaped(title)
      }${found === undefined ? "" : `<ul><li>${escaped(found)}</li></ul>`}</li>`
    ).join("")
  }</ol>`;
}

/** Decisions and faults in the order of time. */
function eventsList({ decisions, faults, startMs }: ReportRun): string {
  const rows = [
    ...decisions.map(({ atSeconds, title, reasons, severity }) => ({
      atSeconds,
      kind: severity,
      title,
      lines: reasons,
    })),
    ...faults.map(({ fromSeconds, untilSeconds, title }) => ({
      atSeconds: fromSeconds,
      kind: "fault",
      title: `Fault: ${title}`,
      lines: untilSeconds === undefined
        ? []
        : [`until ${timeText(untilSeconds, startMs, true)}`],
    })),
  ].toSorted((a, b) => a.atSeconds - b.atSeconds);
  if (rows.length === 0) return "";
  return `<h2>Decisions${
    faults.length > 0 ? " and faults" : ""
  }</h2><ol class="events">${
    rows.map(({ atSeconds, kind, title, lines }) =>
      `<li class="${kind}"><time>${timeText(atSeconds, startMs, true)}</time>${
        escaped(title)
      }${
        lines.length === 0
          ? ""
          : `<ul>${
            lines.map((line) => `<li>${escaped(line)}</li>`).join("")
          }</ul>`
      }</li>`
    ).join("")
  }</ol>`;
}
