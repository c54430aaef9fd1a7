/** The highest epoch that agents have applied for pods of this deployment (C5). Pure. @module */

import type { FleetSnapshot } from "../../core/mod.ts";

/** 0 when none has. Epochs of other deployments are counted by their own planners. */
export function appliedEpoch(
  { reports, otherPodUids = [] }: Pick<
    FleetSnapshot,
    "reports" | "otherPodUids"
  >,
): number {
  const others = new Set(otherPodUids);
  let highest = 0;
  for (const { gpus } of reports) {
    for (const { pod, appliedGeneration } of gpus) {
      if (pod !== undefined && others.has(pod.uid)) continue;
      highest = Math.max(highest, appliedGeneration?.epoch ?? 0);
    }
  }
  return highest;
}
