/** `NodePowerReport` to and from the object that the API server stores, with every field checked. @module */

import { REPORT_API_VERSION, REPORT_KIND } from "./contract.ts";
import { formatGeneration } from "./generation.ts";
import {
  ENFORCEMENT_STATES,
  GATE_STATES,
  type GpuPowerReport,
  type NodePowerReport,
  OCCUPANCIES,
} from "./node_power_report.ts";
import { FieldReader } from "./field_reader.ts";

/** What reading a report object gives: the report, or every problem with its path. */
export type ReportReading =
  | { readonly kind: "report"; readonly report: NodePowerReport }
  | { readonly kind: "malformed"; readonly problems: readonly string[] };

/** The object to store. Fields that could not be read are left out: absent means not known. */
export function encodeNodePowerReport(report: NodePowerReport): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status: Readonly<Record<string, unknown>>;
} {
  return {
    apiVersion: REPORT_API_VERSION,
    kind: REPORT_KIND,
    metadata: { name: report.nodeName },
    status: {
      observedAt: report.observedAt.toISOString(),
      agentVersion: report.agentVersion,
      bootId: report.bootId,
      driverSession: report.driverSession,
      safeDefaultWatts: report.safeDefaultWatts,
      sequence: report.sequence,
      gpus: report.gpus.map(encodeGpu),
    },
  };
}

function encodeGpu(gpu: GpuPowerReport): Record<string, unknown> {
  const { appliedGeneration, ...rest } = gpu;
  const all = {
    ...rest,
    appliedGeneration: appliedGeneration && formatGeneration(appliedGeneration),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  );
}

/**
 * Reads a stored object. Known fields are checked in full; unknown ones are ignored, so that an older planner reads
 * a newer agent. One bad field makes the whole report malformed: a ledger must not be built on part of one.
 */
export function decodeNodePowerReport(object: unknown): ReportReading {
  const root = new FieldReader(object);
  root.literal("apiVersion", REPORT_API_VERSION);
  root.literal("kind", REPORT_KIND);
  const status = root.object("status");
  const report: NodePowerReport = {
    nodeName: root.object("metadata").text("name"),
    observedAt: status.instant("observedAt"),
    agentVersion: status.text("agentVersion"),
    bootId: status.text("bootId"),
    driverSession: status.text("driverSession"),
    safeDefaultWatts: status.quantity("safeDefaultWatts"),
    sequence: status.count("sequence"),
    gpus: status.list("gpus").map(decodeGpu),
  };
  const uuids = report.gpus.map((gpu) => gpu.uuid);
  const twice = uuids.find((uuid, i) => uuids.indexOf(uuid) !== i);
  if (twice !== undefined) {
    status.fault("gpus", `has GPU "${twice}" twice`);
  }
  return root.problems.length > 0
    ? { kind: "malformed", problems: root.problems }
    : { kind: "report", report };
}

function decodeGpu(gpu: FieldReader): GpuPowerReport {
  const pod = gpu.optional("pod", () => gpu.object("pod"));
  return {
    uuid: gpu.text("uuid"),
    index: gpu.count("index"),
    model: gpu.text("model"),
    minWatts: gpu.optional("minWatts", (name) => gpu.quantity(name)),
    maxWatts: gpu.optional("maxWatts", (name) => gpu.quantity(name)),
    defaultWatts: gpu.optional("defaultWatts", (name) => gpu.quantity(name)),
    requestedWatts: gpu.optional(
      "requestedWatts",
      (name) => gpu.quantity(name),
    ),
    effectiveWatts: gpu.optional(
      "effectiveWatts",
      (name) => gpu.quantity(name),
    ),
    limitWatts: gpu.optional("limitWatts", (name) => gpu.quantity(name)),
    drawWatts: gpu.optional("drawWatts", (name) => gpu.quantity(name)),
    powerCappedShare: gpu.optional(
      "powerCappedShare",
      (name) => gpu.quantity(name, 1),
    ),
    appliedGeneration: gpu.optional(
      "appliedGeneration",
      (name) => gpu.generation(name),
    ),
    occupancy: gpu.choice("occupancy", OCCUPANCIES),
    gate: gpu.choice("gate", GATE_STATES),
    persistenceMode: gpu.optional("persistenceMode", (name) => gpu.flag(name)),
    pod: pod && {
      namespace: pod.text("namespace"),
      name: pod.text("name"),
      uid: pod.text("uid"),
    },
    state: gpu.choice("state", ENFORCEMENT_STATES),
    reason: gpu.anyText("reason"),
  };
}
