/** When a GPU's last owner is proven gone: what `free` and a release need (C23, C24). Pure. @module */

import { hasEnded, isOptedIn } from "../cluster/portable.ts";
import { ownersOf } from "./entry.ts";
import type { Pod } from "./ports.ts";
import type { Situation } from "./situation.ts";

/**
 * Whether everything that C24 asks for holds right now: the kubelet does not place an owner here, no process of one is
 * left on the node, and a fresh pod view has none of them alive. The caller sees that it holds for the grace time.
 *
 * A GPU without owners on record is vacated when nobody is on it at all.
 */
export function vacated(situation: Situation): boolean {
  const { ownership, entry, pods, view, departing } = situation;
  const { attribution } = ownership;
  if (attribution.kind === "unknown" || ownership.allocation === "silent") {
    return false;
  }
  if (view.freshness.kind !== "fresh" || !view.consistent) return false;
  const owners = ownersOf(entry);
  if (owners.length === 0) return attribution.kind === "nobody";
  const present = attribution.kind === "pods" ? attribution.pods : [];
  return owners.every(({ uid, generation }) => {
    const pod = pods.get(uid);
    if (pod && withdrew(pod, generation !== undefined)) return true;
    if (present.some((one) => one.uid === uid)) return false;
    if (departing.get(uid) !== "gone") return false;
    return !pod || pod.terminating || hasEnded(pod);
  });
}

/**
 * A live pod whose power limit was taken away has left our care. Not so a pod with a gate or a grant: who takes its
 * annotations away gives it no watts (C18).
 */
function withdrew(pod: Pod, granted: boolean): boolean {
  return !granted && !pod.gated && !isOptedIn(pod) &&
    pod.powerGrant === undefined;
}
