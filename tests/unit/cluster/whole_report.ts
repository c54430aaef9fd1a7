/** A report with everything that a report can say: a GPU with a pod, and one that does not answer. @module */

import type { NodePowerReport } from "../../../cluster/node_power_report.ts";

/** The report. */
export const WHOLE_REPORT: NodePowerReport = {
  nodeName: "node-a",
  observedAt: new Date("2026-11-02T03:04:05.678Z"),
  agentVersion: "0.1.0",
  bootId: "b-1",
  driverSession: "d-1",
  safeDefaultWatts: 500,
  sequence: 41,
  gpus: [{
    uuid: "GPU-1",
    index: 0,
    model: "NVIDIA H200",
    minWatts: 200,
    maxWatts: 700,
    defaultWatts: 700,
    requestedWatts: 300,
    effectiveWatts: 300,
    limitWatts: 300,
    drawWatts: 211.5,
    powerCappedShare: 0.25,
    appliedGeneration: { epoch: 5, sequence: 3 },
    occupancy: "pod",
    gate: "open",
    persistenceMode: true,
    pod: { namespace: "serving", name: "prefill-0", uid: "uid-1" },
    state: "enforced",
    reason: "",
  }, {
    uuid: "GPU-2",
    index: 1,
    model: "NVIDIA H200",
    occupancy: "unknown",
    gate: "none",
    state: "unknown",
    reason: "The GPU does not answer.",
  }],
};

/** Where something stands in an object. */
export type Path = readonly [string | number, ...(string | number)[]];

/** What no reader takes in a report's status: what it is called, where it stands, and what stands there; undefined: nothing. */
export const BROKEN_STATUSES: readonly (readonly [
  what: string,
  path: Path,
  value: unknown,
])[] = [
  ["local time", ["observedAt"], "Monday"],
  ["a negative sequence", ["sequence"], -1],
  ["half a sequence", ["sequence"], 1.5],
  ["GPUs as a map", ["gpus"], {}],
  ["watts as text", ["gpus", 0, "limitWatts"], "300"],
  ["watts below zero", ["gpus", 0, "limitWatts"], -1],
  ["a share of 2", ["gpus", 0, "powerCappedShare"], 2],
  ["an unknown state", ["gpus", 1, "state"], "fine"],
  ["a bad generation", ["gpus", 0, "appliedGeneration"], "5"],
  ["a pod without UID", ["gpus", 0, "pod", "uid"], undefined],
  ["one GPU twice", ["gpus", 1, "uuid"], "GPU-1"],
];

/** A copy with another value in one place; undefined takes it away. */
export function withValue(whole: object, path: Path, value: unknown): object {
  const copy = structuredClone(whole);
  let at: object = copy;
  for (const key of path.slice(0, -1)) {
    const next: unknown = Reflect.get(at, key);
    if (typeof next !== "object" || next === null) {
      throw new Error(`There is nothing at ${path.join(".")}.`);
    }
    at = next;
  }
  const last = path[path.length - 1]!;
  if (value === undefined) Reflect.deleteProperty(at, last);
  else Reflect.set(at, last, value);
  return copy;
}
