/** What is remembered of each pod after a stage: its version, its grant, and what it was charged (§5, C8). Pure. @module */

import type { Account } from "./account.ts";
import type { FleetView } from "./fleet_view.ts";
import type { LedgerPod } from "./ledger_pod.ts";
import type { PodMemory } from "./ledger_state.ts";

/** The pods to remember. Vanished ones are in the view only while a GPU of theirs is not proven free. */
export function rememberedPods(
  view: FleetView,
  account: Account,
): Readonly<Record<string, PodMemory>> {
  const pods: Record<string, PodMemory> = {};
  for (const [uid, pod] of view.pods) {
    const own = account.own(uid);
    pods[uid] = {
      ...pod.memory,
      placed: placedOf(pod, own.onGpu),
      unplacedGpus: own.unplacedGpus,
      unplacedWatts: own.unplacedWatts,
    };
  }
  return pods;
}

/** What a pod was charged on each GPU that it is known to have had. */
function placedOf(
  { memory, present }: LedgerPod,
  onGpu: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const left = Object.keys(memory.placed).filter((uuid) =>
    onGpu[uuid] === undefined
  );
  if (left.length === 0 || !present) return onGpu;
  // A GPU that it has left costs it nothing; that it was there stays known while the pod is.
  return { ...Object.fromEntries(left.map((uuid) => [uuid, 0])), ...onGpu };
}
