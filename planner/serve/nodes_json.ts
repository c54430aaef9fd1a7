/** What the agents report, node by node, as JSON: what each GPU is held to, draws, and why it is not enforced. @module */

import type { GpuPowerReport, NodePowerReport } from "../../cluster/mod.ts";
import { AGENT_SILENT_MS, type FleetSnapshot } from "../core/mod.ts";
import type { Json } from "../loop/mod.ts";

/** Nodes in one answer, those in trouble first; the total stands beside them. */
const MOST_NODES = 500;
/** States of a GPU that is not held to what was asked for. */
const LOOSE: ReadonlySet<GpuPowerReport["state"]> = new Set([
  "clamped",
  "refused",
  "unknown",
]);

/** The reports of a snapshot. */
export function nodesJson(
  snapshot: Pick<FleetSnapshot, "atMs" | "reports" | "pods"> | undefined,
): Json {
  const reports = snapshot?.reports ?? [];
  const sides = new Map(
    snapshot?.pods.map(({ pod, side }) => [pod.uid, side]) ?? [],
  );
  return {
    nodes_total: reports.length,
    nodes: troubleFirst(reports, snapshot?.atMs ?? 0).slice(0, MOST_NODES)
      .map((report) =>
        nodeJson(report, {
          atMs: snapshot?.atMs ?? 0,
          sideOf: (uid) => sides.get(uid),
        })
      ),
  };
}

/** GPUs that are not enforced first, then agents that are silent; else as they were. */
function troubleFirst(
  reports: readonly NodePowerReport[],
  atMs: number,
): readonly NodePowerReport[] {
  const loose = ({ gpus }: NodePowerReport) =>
    gpus.filter(({ state }) => LOOSE.has(state)).length;
  const silent = ({ observedAt }: NodePowerReport) =>
    Number(atMs - observedAt.getTime() >= AGENT_SILENT_MS);
  return reports.map((report) =>
    [report, loose(report), silent(report)] as const
  )
    .sort(([, a, x], [, b, y]) => b - a || y - x)
    .map(([report]) => report);
}

function nodeJson(
  report: NodePowerReport,
  { atMs, sideOf }: {
    readonly atMs: number;
    readonly sideOf: (uid: string) => string | undefined;
  },
): Json {
  return {
    node_name: report.nodeName,
    // By the fleet's own clock, which a simulated one has for itself.
    report_age_ms: Math.max(0, atMs - report.observedAt.getTime()),
    agent_version: report.agentVersion,
    sequence: report.sequence,
    safe_default_watts: report.safeDefaultWatts,
    gpus: report.gpus.map((gpu) => gpuJson(gpu, sideOf)),
  };
}

function gpuJson(
  gpu: GpuPowerReport,
  sideOf: (uid: string) => string | undefined,
): Json {
  const { pod } = gpu;
  return {
    gpu_uuid: gpu.uuid,
    index: gpu.index,
    model: gpu.model,
    pod_name: pod?.name ?? null,
    side: (pod && sideOf(pod.uid)) ?? null,
    state: gpu.state,
    reason: gpu.reason,
    occupancy: gpu.occupancy,
    gate: gpu.gate,
    requested_watts: gpu.requestedWatts ?? null,
    effective_watts: gpu.effectiveWatts ?? null,
    limit_watts: gpu.limitWatts ?? null,
    draw_watts: gpu.drawWatts ?? null,
    power_capped_share: gpu.powerCappedShare ?? null,
  };
}
