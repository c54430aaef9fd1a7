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
