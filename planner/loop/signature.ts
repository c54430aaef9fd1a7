/** When two transitions are the same to a person. @module */

import type { Transition } from "../core/mod.ts";

/** What makes two transitions the same to a person. */
export function signatureOf(
  { steps, waits, alarms, settled }: Transition,
): string {
  return JSON.stringify([
    steps.map((step) =>
      step.kind === "patch"
        ? [step.purpose, step.pod.uid, step.grant.watts]
        : step.kind === "scale"
        ? [step.side, step.replicas]
        : ["lease", step.budgetWatts]
    ),
    waits.map(({ kind, podName, gpuUuid }) => [kind, podName, gpuUuid]),
    alarms.map(({ kind, podName, gpuUuid, nodeName }) => [
      kind,
      podName,
      gpuUuid,
      nodeName,
    ]),
    settled,
  ]);
}
