/** Checks: an agent on every GPU node, its report fresh, its GPUs as they should be. Pure. @module */

import {
  decodeNodePowerReport,
  type GpuPowerReport,
  type NodePowerReport,
} from "../../../cluster/mod.ts";
import { type CheckRow, fail, notChecked, pass } from "../check.ts";
import { at, nameOf, type Reading } from "../reading.ts";

/** A report that is older is an alarm of the planner's too (`cap-protocol.md` §7), milliseconds. */
export const STALE_MS = 30_000;

/** What the checks of reports look at. */
export interface ReportReadings {
  readonly nodes: Reading<readonly unknown[]>;
  readonly reports: Reading<readonly unknown[]>;
  readonly nowMs: number;
}

/** The reports that can be read, by node. */
export function decodedReports(
  reports: Reading<readonly unknown[]>,
): NodePowerReport[] {
  if (reports.kind !== "read") return [];
  return reports.value.flatMap((object) => {
    const reading = decodeNodePowerReport(object);
    return reading.kind === "report" ? [reading.report] : [];
  });
}

/** One row a node, and one for what all share. */
export function checkReports(
  { nodes, reports, nowMs }: ReportReadings,
): CheckRow[] {
  if (reports.kind !== "read") {
    return [notChecked("report", "all nodes", reports.reason)];
  }
  const rows = reports.value.map((object) => reportRow(object, nowMs));
  return [
    ...missingRows(nodes, new Set(reports.value.map(nameOf))),
    ...rows,
    ...safeDefaultRows(decodedReports(reports)),
  ];
}

function missingRows(
  nodes: Reading<readonly unknown[]>,
  reported: ReadonlySet<string>,
): CheckRow[] {
  if (nodes.kind !== "read") {
    return [
      notChecked("report", "nodes without a report", nodes.reason),
    ];
  }
  const gpuNodes = nodes.value.filter((node) => gpusOf(node) > 0);
  const missing = gpuNodes.filter((node) => !reported.has(nameOf(node)));
  if (missing.length === 0) {
    return [
      pass(
        "report",
        "nodes without a report",
        `none of ${gpuNodes.length} with GPUs`,
      ),
    ];
  }
  return missing.map((node) =>
    fail("report", nameOf(node), {
      found: `${gpusOf(node)} GPUs and no report`,
      remedy:
        "Look at the agent there: kubectl -n wattkeeper-system get pods -l app.kubernetes.io/name=wattkeeper-agent -o wide",
    })
  );
}

function gpusOf(node: unknown): number {
  return Number(at(node, "status", "allocatable", "nvidia.com/gpu") ?? 0) || 0;
}

function reportRow(object: unknown, nowMs: number): CheckRow {
  const node = nameOf(object);
  const reading = decodeNodePowerReport(object);
  if (reading.kind === "malformed") {
    return fail("report", node, {
      found: `unusable: ${reading.problems.slice(0, 3).join("; ")}`,
      remedy: "Bring the agent and the planner to the same version.",
    });
  }
  const { report } = reading;
  const ageMs = nowMs - report.observedAt.getTime();
  if (ageMs > STALE_MS) {
    return fail("report", node, {
      found: `the last one is ${Math.round(ageMs / 1000)} s old`,
      remedy:
        "Look at the agent there, or, when the node never returns, taint it node.kubernetes.io/out-of-service.",
    });
  }
  const troubles = report.gpus.flatMap(gpuTroubles);
  if (report.gpus.length === 0) troubles.push("no GPU");
  return troubles.length === 0
    ? pass(
      "report",
      node,
      `${report.gpus.length} GPUs, ${
        Math.max(0, Math.round(ageMs / 1000))
      } s old`,
    )
    : fail("report", node, {
      found: troubles.join("; "),
      remedy: `See the agent's /readyz and /status on ${node}.`,
    });
}

function gpuTroubles(gpu: GpuPowerReport): string[] {
  const name = `GPU ${gpu.index}`;
  const why = gpu.reason === "" ? "" : `: ${gpu.reason}`;
  return [
    ...(gpu.state === "refused" || gpu.state === "unknown"
      ? [`${name} is ${gpu.state}${why}`]
      : []),
    ...(gpu.limitWatts === undefined ? [`${name} reads no limit`] : []),
    ...(gpu.persistenceMode === false
      ? [`${name} has persistence mode off: its limit is lost when idle`]
      : []),
  ];
}

/** Agents and planner charge what they do not know with one number. */
function safeDefaultRows(reports: readonly NodePowerReport[]): CheckRow[] {
  if (reports.length === 0) return [];
  const values = [
    ...new Set(reports.map(({ safeDefaultWatts }) => safeDefaultWatts)),
  ].sort((a, b) => a - b);
  const found = values.map((watts) => `${watts} W`).join(", ");
  return [
    values.length === 1
      ? pass("safe_default", "all agents", found)
      : fail("safe_default", "all agents", {
        found: `they differ: ${found}`,
        remedy:
          "Wait until the agents' rollout is through; one SAFE_DEFAULT_WATTS is for all.",
      }),
  ];
}
