/** A node's report as the fleet holds it, and whether a new one says anything that a decision hangs on. Pure. @module */

import {
  decodeNodePowerReport,
  type NodePowerReport,
} from "../../../cluster/mod.ts";
import { textAt } from "./object_fields.ts";

/** A report, or why it cannot be used: a ledger is not built on half of one. */
export type WatchedReport =
  | {
    readonly kind: "report";
    readonly report: NodePowerReport;
    /** Everything in it but times, sequence and draw. */
    readonly substance: string;
  }
  | {
    readonly kind: "malformed";
    readonly nodeName: string;
    readonly problem: string;
  };

/** Reads one. */
export function readWatchedReport(object: unknown): WatchedReport | undefined {
  const nodeName = textAt(object, "metadata", "name");
  if (nodeName === undefined) return undefined;
  const reading = decodeNodePowerReport(object);
  if (reading.kind === "malformed") {
    // Created and not written yet: nothing is wrong, and nothing is known.
    if (textAt(object, "status", "observedAt") === undefined) return undefined;
    return {
      kind: "malformed",
      nodeName,
      problem: reading.problems.slice(0, 5).join("; "),
    };
  }
  const { report } = reading;
  return { kind: "report", report, substance: substanceOf(report) };
}

function substanceOf({ bootId, safeDefaultWatts, gpus }: NodePowerReport) {
  return JSON.stringify([
    bootId,
    safeDefaultWatts,
    gpus.map((gpu) => [
      gpu.uuid,
      gpu.limitWatts,
      gpu.minWatts,
      gpu.maxWatts,
      gpu.appliedGeneration,
      gpu.occupancy,
      gpu.gate,
      gpu.pod?.uid,
      gpu.state,
      gpu.persistenceMode,
    ]),
  ]);
}
