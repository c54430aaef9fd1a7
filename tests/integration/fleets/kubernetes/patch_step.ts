/** A patch of a pod as the core would ask for it, and what became of it in the cluster. @module */

import assert from "node:assert/strict";
import type { ApiClient } from "../../../../cluster/mod.ts";
import type { FleetSnapshot, Step } from "../../../../planner/core/mod.ts";
import type { Stage } from "../../../kube/mod.ts";

/** A signal that nobody aborts. */
export const alive = () => new AbortController().signal;

/** A grant or lower of a pod, on the version that the fleet shows. */
export function patchOf(
  { pods }: FleetSnapshot,
  name: string,
  sequence: number,
  watts: number,
): Step {
  const found = pods.find(({ pod }) => pod.name === name);
  assert(found);
  const { namespace, uid, resourceVersion } = found.pod;
  return {
    kind: "patch",
    purpose: sequence === 1 ? "grant" : "lower",
    pod: { namespace, name, uid, resourceVersion },
    grant: {
      podUid: uid,
      generation: { epoch: 1, sequence },
      watts,
      boundWatts: 500,
    },
  };
}

/** The power limit that a pod carries in the cluster. */
export async function limitOfPod(
  client: Pick<ApiClient, "get">,
  stage: Stage,
  pod: string,
): Promise<string | undefined> {
  const { metadata } = await client.get(`${stage.pods()}/${pod}`) as {
    metadata: { annotations?: Record<string, string> };
  };
  return metadata.annotations?.["dynamo.nvidia.com/gpu-power-limit"];
}
