/** The sum of the limits that count is kept up node by node; whatever happens, it is what the GPUs say. @module */

import assert from "node:assert/strict";
import {
  type Fault,
  type SimulatedNode,
  SimulatedWorld,
} from "../../../simulator/mod.ts";
import { worldOptions } from "./truth.ts";

/** R41's sum, GPU by GPU. */
function counted(nodes: readonly SimulatedNode[]): number {
  return nodes.filter(({ isOff }) => !isOff).flatMap((node) =>
    node.gpus.filter(({ podUid }) =>
      podUid !== undefined && (node.running.has(podUid) || node.mayOpen(podUid))
    )
  ).reduce(
    (sum, { limitWatts, foreign }) =>
      sum + Math.min(limitWatts, foreign?.insteadOfWatts ?? limitWatts),
    0,
  );
}

const N1 = { node: "n1" };
const FAULTS: readonly Fault[] = [
  { kind: "foreign_limit", atMs: 8_000, gpu: 0, watts: 650, ...N1 },
  { kind: "gpu_reset", atMs: 12_000, gpu: 0, ...N1 },
  {
    kind: "nvml_clamps",
    atMs: 15_000,
    durationMs: 5_000,
    minWatts: 450,
    ...N1,
  },
  { kind: "record_lost", atMs: 22_000, ...N1 },
  { kind: "pod_killed", atMs: 26_000, side: "decode", index: 0 },
  { kind: "node_reboot", atMs: 30_000, downMs: 9_000, ...N1 },
  { kind: "rollout", atMs: 45_000, side: "prefill" },
  { kind: "nvml_refuses", atMs: 52_000, durationMs: 9_000, ...N1 },
  { kind: "pod_force_deleted", atMs: 66_000, side: "decode", index: 0 },
  {
    kind: "node_lost",
    atMs: 75_000,
    durationMs: 8_000,
    outOfService: true,
    ...N1,
  },
];

for (const gated of [true, false]) {
  Deno.test(
    `at every event the sum of limits is that of the GPUs, ${
      gated ? "behind" : "without"
    } a gate`,
    () => {
      const world = new SimulatedWorld(
        worldOptions({
          faults: FAULTS,
          gated,
          replicas: { prefill: 2, decode: 2 },
        }),
      );
      const sums = new Set<number>();
      world.onEvent = () => {
        const sum = counted(world.nodes);
        assert.equal(world.limitWatts(), sum, `at ${world.nowMs} ms`);
        sums.add(sum);
      };
      for (let sequence = 1; sequence <= 30; sequence++) {
        for (const { pod } of world.api.pods()) {
          world.api.patchPod(pod.uid, pod.resourceVersion, {
            podUid: pod.uid,
            generation: { epoch: 1, sequence },
            watts: 200 + 10 * sequence,
            boundWatts: 700,
          });
          world.check();
        }
        world.advance(3_000);
      }
      // It moved, and was followed.
      assert(sums.size > 10, `${sums.size}`);
    },
  );
}
