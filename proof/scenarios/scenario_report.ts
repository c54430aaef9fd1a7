/** Scenarios as a report: time lines, decisions with reasons, faults, claims. @module */

import type {
  ReportData,
  ReportDecision,
  ReportFault,
  ReportLine,
  ReportPanel,
  ReportRun,
} from "../report/mod.ts";
import type { LogEntry } from "./judge/mod.ts";
import type { ScenarioResult } from "./run/run_scenario.ts";
import type { SnapshotField } from "./snapshot.ts";

/** Events of a decision's reasons that a person should have been called for. */
const ALARMS = new Set([
  "alarm",
  "over_budget",
  "coefficient_pegged",
  "optimizer_disabled",
  "planner_ended",
]);
/** Told by the loop itself; everything else is a reason. */
const NO_REASONS = new Set([
  "stimulus",
  "step",
  "wait",
  "settings",
  "started",
  "stopped",
  "tick_skipped",
]);
const MOST_DECISIONS = 2_000;

/** The page's data. */
export function scenarioReport(results: readonly ScenarioResult[]): ReportData {
  const failed = results.filter(({ passed }) => !passed).length;
  return {
    title: results.length === 1
      ? results[0]?.name ?? "Scenario"
      : `${results.length} scenarios`,
    subtitle: failed === 0 ? "All claims hold." : `${failed} failed.`,
    facts: [
      { name: "scenarios", value: String(results.length) },
      { name: "failed", value: String(failed) },
      {
        name: "comparisons",
        value: String(results.reduce((sum, one) => sum + one.evaluated, 0)),
      },
    ],
    runs: results.map(runOf),
    notes: [
      "Limits are those that the simulated hardware enforces, over GPUs on which a pod runs or can start.",
    ],
  };
}

function runOf(result: ScenarioResult): ReportRun {
  const { snapshots, log, verdicts } = result;
  const last = snapshots.at(-1)?.at_s;
  return {
    name: result.id,
    summary: [
      { name: "verdict", value: result.passed ? "pass" : "FAIL" },
      { name: "comparisons", value: String(result.evaluated) },
      { name: "violations", value: String(result.violations.length) },
    ],
    lengthSeconds: typeof last === "number" ? last : 0,
    panels: panelsOf(result),
    decisions: decisionsOf(log),
    faults: log.filter(({ event }) => event === "stimulus").map(faultOf),
    checks: verdicts.map(({ claim, passed, found }) => ({
      title: claim,
      passed,
      ...(found === undefined ? {} : { found }),
    })),
  };
}

function panelsOf(result: ScenarioResult): ReportPanel[] {
  const line = (
    field: SnapshotField,
    name: string,
    style: ReportLine["style"] = "step",
  ): ReportLine => ({
    name,
    style,
    seconds: result.snapshots.map(({ at_s }) => Number(at_s)),
    values: result.snapshots.map((snapshot) => {
      const value = snapshot[field];
      return typeof value === "number" ? value : undefined;
    }),
  });
  return [
    {
      title: "Watts",
      unit: "W",
      lines: [
        line("allowed_w", "budget in force", "limit"),
        line("peak_limits_w", "limits, highest"),
        line("charged_w", "charged"),
        line("draw_w", "draw", "line"),
      ],
    },
    {
      title: "Replicas",
      unit: "",
      lines: [
        line("n_p", "prefill"),
        line("n_d", "decode"),
        line("n_agg", "aggregated"),
      ],
    },
    {
      title: "Caps",
      unit: "W",
      lines: [
        line("cap_p", "prefill"),
        line("cap_d", "decode"),
        line("cap_agg", "aggregated"),
      ],
    },
    {
      title: "Coefficients",
      unit: "",
      lines: [
        line("c_power_p", "prefill watts", "line"),
        line("c_power_d", "decode watts", "line"),
        line("c_ttft", "TTFT", "line"),
        line("c_itl", "ITL", "line"),
      ],
    },
    {
      title: "TTFT",
      unit: "s",
      lines: [line("observed_ttft_s", "as told", "line")],
    },
  ];
}

/** Reasons of one instant are one decision. */
function decisionsOf(log: readonly LogEntry[]): ReportDecision[] {
  const byTime = new Map<number, LogEntry[]>();
  for (const entry of log) {
    if (NO_REASONS.has(entry.event)) continue;
    const known = byTime.get(entry.atMs);
    if (known) known.push(entry);
    else byTime.set(entry.atMs, [entry]);
  }
  return [...byTime].slice(0, MOST_DECISIONS).map(([atMs, entries]) => ({
    atSeconds: atMs / 1000,
    title: entries[0]?.event ?? "",
    reasons: entries.map(({ event, says }) =>
      `${event}: ${
        Object.entries(says).filter(([name, value]) =>
          name !== "planner" && value !== null
        ).map(([name, value]) => `${name} ${value}`).join(", ")
      }`
    ),
    severity: entries.some(({ event }) => ALARMS.has(event)) ? "alarm" : "info",
  }));
}

function faultOf({ atMs, says }: LogEntry): ReportFault {
  const { kind, duration_ms: lasts } = says;
  const about = Object.entries(says).filter(([name, value]) =>
    !["kind", "at_ms", "duration_ms"].includes(name) && value !== null
  ).map(([name, value]) => `${name} ${value}`).join(", ");
  return {
    fromSeconds: atMs / 1000,
    title: `${kind}${about === "" ? "" : `: ${about}`}`,
    ...(typeof lasts === "number"
      ? { untilSeconds: (atMs + lasts) / 1000 }
      : {}),
  };
}
