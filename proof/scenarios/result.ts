/** Results of scenarios for programs and people: JSON, the history as CSV, a table. @module */

import { SNAPSHOT_NAMES, type SnapshotValue } from "./snapshot.ts";
import type { ScenarioResult } from "./run/run_scenario.ts";

/** One result as JSON: snake_case names, stable. */
export function scenarioRecord(
  result: ScenarioResult,
): Readonly<Record<string, unknown>> {
  return {
    id: result.id,
    name: result.name,
    passed: result.passed,
    ticks: result.snapshots.length,
    assertions: result.verdicts.length,
    evaluated: result.evaluated,
    budget_violations: result.violations.map((one) => ({
      at_seconds: one.atMs / 1000,
      limit_watts: one.limitWatts,
      budget_watts: one.budgetWatts,
    })),
    verdicts: result.verdicts.map(
      ({ claim, ours, passed, evaluated, found }) => ({
        claim,
        ours,
        passed,
        evaluated,
        found: found ?? null,
      }),
    ),
  };
}

/** Every tick of every result, one row each. */
export function historyCsv(results: readonly ScenarioResult[]): string {
  const lines = [["scenario", ...SNAPSHOT_NAMES].join(",")];
  for (const { id, snapshots } of results) {
    for (const snapshot of snapshots) {
      lines.push(
        [id, ...SNAPSHOT_NAMES.map((name) => cell(snapshot[name]))].join(","),
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function cell(value: SnapshotValue): string {
  if (value === null) return "";
  if (typeof value === "number") {
    return String(Math.round(value * 1e6) / 1e6);
  }
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One line a scenario, what failed under it, and the sums. */
export function scenarioTable(results: readonly ScenarioResult[]): string {
  const width = Math.max(4, ...results.map(({ id }) => short(id).length));
  const lines = [
    `${"".padEnd(6)}${"id".padEnd(width)}  claims  evaluated  violations  name`,
  ];
  for (const result of results) {
    const { id, name, passed, verdicts, evaluated, violations } = result;
    lines.push([
      passed ? "pass  " : "FAIL  ",
      short(id).padEnd(width),
      String(verdicts.length).padStart(8),
      String(evaluated).padStart(11),
      String(violations.length).padStart(12),
      `  ${name}`,
    ].join(""));
    if (passed) continue;
    if (evaluated === 0) lines.push("        nothing could be evaluated");
    for (const verdict of verdicts) {
      if (verdict.passed) continue;
      lines.push(`        ${verdict.claim}: ${verdict.found ?? ""}`);
    }
  }
  const failed = results.filter(({ passed }) => !passed).length;
  const sum = (pick: (result: ScenarioResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0);
  lines.push(
    `${results.length} scenarios, ${failed} failed; ${
      sum(({ verdicts }) => verdicts.length)
    } claims, ${sum(({ evaluated }) => evaluated)} comparisons, ${
      sum(({ violations }) => violations.length)
    } violations of the budget.`,
  );
  return `${lines.join("\n")}\n`;
}

/** `A1` of `A1_power_under_estimate_decode`. */
function short(id: string): string {
  return /^[A-Z]\d+(?=_)/.exec(id)?.[0] ?? id;
}
