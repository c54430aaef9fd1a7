/** What the agents report, node by node, as JSON: what each GPU is held to, draws, and why it is not enforced. @module */

import type { GpuPowerReport, NodePowerReport } from "../../cluster/mod.ts";
import type { FleetSnapshot } from "../core/mod.ts";
import type { Json } from "../loop/mod.ts";

/** Nodes in one answer; the total stands beside them. */
const MOST_NODES = 500;

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
    nodes: reports.slice(0, MOST_NODES).map((report) =>
      nodeJson(report, {
        atMs: snapshot?.atMs ?? 0,
        sideOf: (uid) => sides.get(uid),
      })
    ),
  };
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
