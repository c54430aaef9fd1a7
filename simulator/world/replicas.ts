/** Pods put together as replicas. @module */

import type { SimulatedPod } from "../cluster/mod.ts";

/** Pods of one replica, at least one, as far as they are there. */
export type SimulatedReplica = readonly [SimulatedPod, ...SimulatedPod[]];

/** The replicas of pods in the order of the API server: pods of a replica are made, and stay, side by side. */
export function replicasOf(
  pods: readonly SimulatedPod[],
): readonly SimulatedReplica[] {
  const replicas: [SimulatedPod, ...SimulatedPod[]][] = [];
  for (const pod of pods) {
    const last = replicas.at(-1);
    if (last?.[0].replica === pod.replica) last.push(pod);
    else replicas.push([pod]);
  }
  return replicas;
}
