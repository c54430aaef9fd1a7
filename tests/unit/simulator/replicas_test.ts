/** Replicas of several pods in the simulated cluster: placed, served and replaced together. @module */

import assert from "node:assert/strict";
import { SimulatedWorld } from "../../../simulator/mod.ts";
import { gpu, grant, N1, world } from "./faults/struck_world.ts";
import { worldOptions } from "./truth.ts";

/** Two GPUs a replica, each in a pod of its own. */
const PAIRS = {
  gpusPerReplica: { prefill: 2, decode: 2 },
  podsPerReplica: 2,
} as const;

Deno.test("pods of a replica go to nodes of their own", () => {
  const pairs = world([], PAIRS);
  assert.deepEqual(
    pairs.api.pods().map(({ replica, gpus, pod }) => [
      replica,
      pod.name,
      pod.nodeName,
      gpus,
    ]),
    [
      ["prefill-1", "prefill-1-0", "n1", 1],
      ["prefill-1", "prefill-1-1", "n2", 1],
      ["decode-2", "decode-2-0", "n1", 1],
      ["decode-2", "decode-2-1", "n2", 1],
    ],
  );
  assert.equal(pairs.ready("prefill"), 1);
});

Deno.test("where one of its pods has no room, none of a replica is placed", () => {
  const pairs = world([], { ...PAIRS, replicas: { prefill: 3, decode: 1 } });
  pairs.api.setScaler("decode", 2);
  pairs.advance(20_000);
  // Six pods of prefill and two of decode fill both nodes.
  const waiting = pairs.api.pods().filter(({ replica }) =>
    replica === "decode-5"
  );
  assert.deepEqual(waiting.map(({ pod }) => pod.nodeName), [
    undefined,
    undefined,
  ]);
  pairs.api.setScaler("prefill", 2);
  pairs.advance(20_000);
  assert(
    pairs.api.pods().every(({ pod }) => pod.nodeName !== undefined),
  );
});

Deno.test("a replica serves once its last pod has loaded, as fast as its lowest limit", () => {
  const pairs = world([], {
    ...PAIRS,
    traffic: () => ({
      requestsPerSecond: 20,
      islTokens: 1_000,
      oslTokens: 101,
    }),
  });
  const [first, second] = pairs.nodes.map(({ gpus }) => gpus[0]!);
  assert.deepEqual([first!.drawWatts, second!.drawWatts], [300, 300]);
  grant(pairs, second!.podUid!, 450, 2);
  pairs.advance(10_000);
  assert.equal(second!.limitWatts, 450);
  assert.equal(second!.drawWatts, 300);
  pairs.controllers.killed(second!.podUid!);
  pairs.advance(5_000);
  assert.equal(pairs.ready("prefill"), 0);
  assert.equal(pairs.isServing(first!.podUid!), false);
  pairs.advance(10_000);
  assert.equal(pairs.ready("prefill"), 1);
});

Deno.test("a replica does not serve while a pod of it waits in its gate", () => {
  const pairs = new SimulatedWorld(worldOptions(PAIRS));
  pairs.advance(6_000);
  const [first, second] = pairs.api.pods().map(({ pod }) => pod.uid);
  grant(pairs, first!, 300, 1);
  pairs.advance(30_000);
  assert.equal(pairs.isServing(first!), false);
  grant(pairs, second!, 300, 2);
  pairs.advance(30_000);
  assert.equal(pairs.isServing(first!), true);
});

Deno.test("a replica that has lost a pod goes as a whole, and another one comes", () => {
  const pairs = world([
    { kind: "pod_evicted", atMs: 30_000, side: "prefill", index: 1 },
  ], PAIRS);
  pairs.advance(1_500);
  assert.deepEqual(
    pairs.api.pods().filter(({ side }) => side === "prefill")
      .map(({ pod }) => [pod.name, pod.terminating]),
    [
      ["prefill-1-0", true],
      ["prefill-1-1", true],
      ["prefill-3-0", false],
      ["prefill-3-1", false],
    ],
  );
});

Deno.test("a node that dies takes the replicas with it that have a pod there", () => {
  const pairs = world([
    { kind: "node_silent", atMs: 30_000, durationMs: 400_000, ...N1 },
  ], { ...PAIRS, delays: { evictMs: 20_000, graceMs: 5_000 } });
  const other = pairs.nodes[1]!.gpus[0]!.podUid!;
  pairs.advance(30_000);
  assert.equal(pairs.api.pod(other), undefined);
  assert(pairs.nodes[0]!.running.has(gpu(pairs).podUid!));
});

Deno.test("scaled down, a replica's pods leave in the same moment", () => {
  const pairs = world([], { ...PAIRS, replicas: { prefill: 1, decode: 2 } });
  pairs.api.setScaler("decode", 1);
  pairs.advance(1_000);
  assert.deepEqual(
    pairs.api.pods().filter(({ pod }) => pod.terminating)
      .map(({ pod }) => pod.name),
    ["decode-3-0", "decode-3-1"],
  );
});
