/**
 * What every pod may come to draw without a new decision of the planner: R(p) of `cap-protocol.md` §8. Its sum within the
 * budget is the step by which R41 is proven, so it finds a fault long before a limit shows it.
 * @module
 */

import type { Step } from "../../planner/mod.ts";
import type { NodeGpu, SimulatedWorld } from "../../simulator/mod.ts";
import type { GrantHistory } from "./grant_history.ts";

/** Σ over the GPUs of the deployment's pods, watts. */
export function permittedWatts(
  world: SimulatedWorld,
  { grants, inFlight }: {
    readonly grants: GrantHistory;
    readonly inFlight: readonly Step[];
  },
): number {
  const flying = flyingWatts(world, inFlight);
  const gone = new Set(world.faults.outOfServiceNodes());
  const placed = new Set<string>();
  let sum = 0;
  for (const node of world.nodes) {
    if (gone.has(node.facts.name)) continue;
    for (const gpu of node.gpus) {
      const { podUid } = gpu;
      if (podUid === undefined || !node.sandboxes.get(podUid)?.gated) continue;
      placed.add(podUid);
      sum += Math.max(
        node.running.has(podUid) ? standing(gpu) : 0,
        recordedWatts(gpu, podUid),
        grants.mostAbove(podUid, gpu.uuid),
        flying.get(podUid) ?? 0,
      );
    }
  }
  for (const { pod, gpus } of world.api.pods()) {
    // A pod that has left its node starts nowhere else.
    if (placed.has(pod.uid) || pod.nodeName !== undefined) continue;
    sum += gpus * Math.max(
      grants.mostAbove(pod.uid, undefined),
      flying.get(pod.uid) ?? 0,
    );
  }
  return sum;
}

/** Writes under way whose precondition still holds, watts by pod. */
function flyingWatts(
  { api }: SimulatedWorld,
  inFlight: readonly Step[],
): ReadonlyMap<string, number> {
  const watts = new Map<string, number>();
  for (const step of inFlight) {
    if (step.kind !== "patch") continue;
    const { uid, resourceVersion } = step.pod;
    if (api.pod(uid)?.pod.resourceVersion !== resourceVersion) continue;
    watts.set(uid, Math.max(watts.get(uid) ?? 0, step.grant.watts));
  }
  return watts;
}

/** Root raising a limit is outside the claim (A2). */
function standing({ limitWatts, foreign }: NodeGpu): number {
  return foreign ? Math.min(limitWatts, foreign.insteadOfWatts) : limitWatts;
}

/** What the agent sets again and opens the gate at, without asking anybody. */
function recordedWatts({ entry }: NodeGpu, uid: string): number {
  const owner = entry?.applied?.owners.find((one) => one.uid === uid);
  return owner?.generation ? owner.watts : 0;
}
