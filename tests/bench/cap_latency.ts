/**
 * Annotation patched → limit on the GPU: a real API server, the agent as a process of its own, devices of the fake library.
 * Prints; judges nothing.
 *
 * `deno run -A tests/run/with_needs.ts tests/bench/cap_latency.ts`
 *
 * @module
 */

import {
  formatGrant,
  POWER_GRANT_ANNOTATION,
  POWER_LIMIT_ANNOTATION,
} from "../../cluster/mod.ts";
import { GpuNode, KUBE, Stage, startCluster, until } from "../kube/mod.ts";

const CHANGES = 500;
/** Between two changes: the agent's report of one is sent before the next. */
const PAUSE_MS = 20;

if (KUBE === undefined) {
  console.log(
    "Annotation → limit over an API server is not measured: there is no etcd or kube-apiserver. `deno task test` sets them up.",
  );
  Deno.exit(0);
}

await using cluster = await startCluster();
await cluster.applyFiles(
  new URL("../../deploy/base/crd", import.meta.url).pathname,
);
const stage = await Stage.open(cluster.client, "prod");
await using node = await GpuNode.create({
  name: "gpu-1",
  gpus: 1,
  kubeconfig: await cluster.kubeconfigFile(cluster.adminEndpoint),
});
await node.startAgent();
await stage.pod({ name: "worker", labels: {}, node: "gpu-1" });
const uid = await stage.podUid("worker");
await node.admit({ namespace: "prod", name: "worker", uid, gpus: [0] });

function patch(watts: number, sequence: number): Promise<unknown> {
  return cluster.client.mergePatch(`${stage.pods()}/worker`, {
    metadata: {
      annotations: {
        [POWER_LIMIT_ANNOTATION]: `${watts}`,
        [POWER_GRANT_ANNOTATION]: formatGrant({
          podUid: uid,
          generation: { epoch: 1, sequence },
          watts,
          boundWatts: 400,
        }),
      },
    },
  });
}

await patch(300, 1);
await until("the worker runs", () => node.isServing(uid));

const fromSentMs: number[] = [];
const fromAnsweredMs: number[] = [];
for (let change = 0; change < CHANGES; change++) {
  const watts = change % 2 === 0 ? 400 : 300;
  const sentMs = performance.now();
  let answeredMs = NaN;
  const patching = patch(watts, change + 2).then(() => {
    answeredMs = performance.now();
  });
  while (node.nvml.limitWatts(0) !== watts) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const liveMs = performance.now();
  await patching;
  fromSentMs.push(liveMs - sentMs);
  fromAnsweredMs.push(Math.max(0, liveMs - answeredMs));
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

console.log(
  `Annotation patched → limit on the GPU, ${CHANGES} changes, real API server:`,
);
show("from the patch sent", fromSentMs);
show("from the patch answered", fromAnsweredMs);

function show(what: string, values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ??
      NaN).toFixed(1);
  console.log(
    `  ${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
  );
}
