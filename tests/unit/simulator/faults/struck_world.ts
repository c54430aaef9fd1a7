/** A small world that faults strike, for their tests. @module */

import {
  type Fault,
  type NodeGpu,
  SimulatedWorld,
} from "../../../../simulator/mod.ts";
import { worldOptions } from "../truth.ts";

/** The first node, where most faults strike. */
export const N1 = { node: "n1" } as const;

/** A world at 30 s, in which each side's first pod has been granted 300 W. */
export function world(
  faults: readonly Fault[],
  change: Parameters<typeof worldOptions>[0] = {},
): SimulatedWorld {
  const made = new SimulatedWorld(worldOptions({ faults, ...change }));
  made.advance(6_000);
  for (const { pod } of made.api.pods()) grant(made, pod.uid, 300, 1);
  made.advance(24_000);
  return made;
}

/** A pod is granted watts by its own version. */
export function grant(
  { api }: SimulatedWorld,
  uid: string,
  watts: number,
  sequence: number,
): void {
  api.patchPod(uid, api.pod(uid)!.pod.resourceVersion, {
    podUid: uid,
    generation: { epoch: 1, sequence },
    watts,
    boundWatts: watts,
  });
}

/** GPU 0 of the first node: the first prefill worker's. */
export function gpu(of: SimulatedWorld, index = 0): NodeGpu {
  return of.nodes[0]!.gpus[index]!;
}
