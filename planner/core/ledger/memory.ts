/** What is remembered of each pod after a stage: its version, its grant, and what it was charged (§5, C8). Pure. @module */

import type { Account } from "./account.ts";
import type { FleetView } from "./fleet_view.ts";
import type { PodMemory } from "./ledger_state.ts";

/** The pods to remember. Vanished ones are in the view only while a GPU of theirs is not proven free. */
export function rememberedPods(
  view: FleetView,
  account: Account,
): Readonly<Record<string, PodMemory>> {
  const pods: Record<string, PodMemory> = {};
  for (const [uid, pod] of view.pods) {
    const own = account.own(uid);
    const placed: Record<string, number> = {};
    for (const uuid of Object.keys(pod.memory.placed)) {
      // A GPU that it has left costs it nothing; that it was there stays known while the pod is.
      const watts = own.onGpu[uuid];
      if (watts !== undefined || pod.present) placed[uuid] = watts ?? 0;
    }
    for (const [uuid, watts] of Object.entries(own.onGpu)) placed[uuid] = watts;
    pods[uid] = {
      ...pod.memory,
      placed,
      unplacedGpus: own.unplacedGpus,
      unplacedWatts: own.unplacedWatts,
    };
  }
  return pods;
}
