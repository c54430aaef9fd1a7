/**
 * What the planner costs an API server and itself in steady state: 100 nodes, 1,000 worker pods, agents that report every
 * ten seconds. A real etcd, kube-apiserver and `plan` process; the agents are this process.
 *
 *   WATTKEEPER_ETCD=… WATTKEEPER_KUBE_APISERVER=… deno run -A tests/bench/kubernetes_figures.ts
 *
 * @module
 */

import { stringify } from "yaml";
import {
  ApiTransport,
  type GpuPowerReport,
  ListWatch,
  parseGrant,
  type Pod,
  readPod,
  realClock,
} from "../../cluster/mod.ts";
import { KUBE, Stage, startCluster, until } from "../kube/mod.ts";

const NODES = 100;
const PODS_PER_NODE = 10;
const SIDE = NODES * PODS_PER_NODE / 2;
const HEARTBEAT_MS = 10_000;
const STEADY_SECONDS = Number(Deno.args[0] ?? 60);
const ROOT = new URL("../../", import.meta.url).pathname;

if (KUBE === undefined) {
  console.log(
    "The steady state over an API server is not measured: there is no etcd or kube-apiserver. `deno task test` sets them up.",
  );
  Deno.exit(0);
}

await using cluster = await startCluster();
await cluster.applyFiles(
  await Deno.readTextFile(`${ROOT}deploy/base/crd/nodepowerreports.yaml`),
);
await cluster.applyFiles(`${ROOT}tests/kube/crds`);
const stage = await Stage.open(cluster.client, "prod");
await stage.graph("llm", {
  components: (["prefill", "decode"] as const).map((name) => ({
    name,
    type: name,
    replicas: SIDE,
    podTemplate: {
      spec: {
        containers: [{
          name: "main",
          resources: { limits: { "nvidia.com/gpu": "1" } },
        }],
      },
    },
  })),
});
const counts = {
  replicas: SIDE,
  updatedReplicas: SIDE,
  availableReplicas: SIDE,
};
await stage.graphStatus("llm", {
  components: { prefill: counts, decode: counts },
});
const began = performance.now();
for (let node = 0; node < NODES; node++) {
  await cluster.client.create("/api/v1/nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName(node) },
  });
  await Promise.all(
    Array.from({ length: PODS_PER_NODE }, (_, index) => {
      const side = index % 2 === 0 ? "prefill" : "decode";
      return stage.worker("llm", side, {
        name: `${side}-${node}-${index}`,
        node: nodeName(node),
      });
    }),
  );
}
say(
  `${NODES * PODS_PER_NODE} pods on ${NODES} nodes made`,
  `${((performance.now() - began) / 1000).toFixed(1)} s`,
);

/** Agents: what was granted is applied and reported, and every ten seconds that nothing has changed. */
const sequences = new Map<string, number>();
const dirty = new Set<string>();
const watch = new ListWatch<Pod>({ path: stage.pods(), read: readPod }, {
  transport: new ApiTransport(() => Promise.resolve(cluster.adminEndpoint)),
  clock: realClock,
  random: Math.random,
});
const stop = new AbortController();
const watching = watch.run(stop.signal);
await until("the pods are listed", () => watch.listedAtMs !== undefined);
const agents = (async () => {
  const known = new Map<string, string>();
  const next = new Map<string, number>();
  for (let node = 0; node < NODES; node++) {
    next.set(nodeName(node), performance.now() + HEARTBEAT_MS * node / NODES);
    dirty.add(nodeName(node));
  }
  while (!stop.signal.aborted) {
    const byNode = new Map<string, Pod[]>();
    for (const pod of watch.values) {
      const node = pod.nodeName ?? "";
      byNode.set(node, [...byNode.get(node) ?? [], pod]);
      if (known.get(pod.uid) !== pod.resourceVersion) dirty.add(node);
      known.set(pod.uid, pod.resourceVersion);
    }
    for (const [node, atMs] of next) {
      if (performance.now() >= atMs) dirty.add(node);
    }
    await Promise.all([...dirty].map(async (node) => {
      dirty.delete(node);
      next.set(node, performance.now() + HEARTBEAT_MS);
      const sequence = (sequences.get(node) ?? 0) + 1;
      sequences.set(node, sequence);
      await stage.report({
        nodeName: node,
        observedAt: new Date(),
        agentVersion: "0.1.0",
        bootId: "b",
        driverSession: "s",
        safeDefaultWatts: 490,
        sequence,
        gpus: (byNode.get(node) ?? []).map(gpuOf),
      });
    }));
    await realClock.sleep(200, stop.signal);
  }
})();

const config = `${cluster.folder}/planner.yaml`;
await Deno.writeTextFile(
  config,
  stringify({
    environment: "kubernetes",
    namespace: "prod",
    dgd_name: "llm",
    served_model_name: "m",
    dynamo_namespace: "prod-llm",
    prometheus_url: "http://127.0.0.1:1",
    ttft_ms: 2000,
    itl_ms: 40,
    min_endpoint: SIDE,
    max_gpu_budget: -1,
    throughput_adjustment_interval_seconds: 10,
    load_predictor: "constant",
    enable_power_awareness: true,
    total_gpu_power_limit: NODES * PODS_PER_NODE * 500,
    power_agent_safe_default_watts: 490,
    prefill_engine_gpu_power_limit: 500,
    decode_engine_gpu_power_limit: 400,
    aic_interpolation: {
      system: "h200_sxm",
      backend: "vllm",
      hf_id: "Qwen/Qwen3-32B",
      isl: 3000,
      osl: 150,
      prefill_pick: { tp: 1 },
      decode_pick: { tp: 1 },
    },
  }),
);
using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
listener.close();
const child = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "-A",
    "--no-check",
    ...await engineFlags(),
    `${ROOT}main.ts`,
    "plan",
    "--config",
    config,
    "--kubeconfig",
    await cluster.kubeconfigFile(cluster.adminEndpoint),
    "--listen",
    `127.0.0.1:${port}`,
    "--log-level",
    "error",
  ],
  stdin: "null",
  stdout: "null",
  stderr: "inherit",
}).spawn();
const startedMs = performance.now();
try {
  await until(
    "every pod is granted",
    () =>
      watch.values.length === NODES * PODS_PER_NODE &&
      watch.values.every(({ powerLimit }) => powerLimit !== undefined),
    300_000,
  );
  say(
    "process started → every pod fenced and granted",
    `${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  await until(
    "nothing is left to do",
    async () => (await metrics()).get("transition_settled") === 1,
    120_000,
  );
  // Let the last reports and saves go by.
  await realClock.sleep(5_000);
  const before = await metrics();
  await realClock.sleep(STEADY_SECONDS * 1000);
  const after = await metrics();
  const grown = (name: string) =>
    (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const rounds = grown("looks_total");
  const requests = grown("kubernetes_requests_total") +
    grown("kubernetes_watches_total") + grown("kubernetes_lists_total") +
    grown("kubernetes_lease_requests_total");
  say("steady state", `${STEADY_SECONDS} s`);
  say("LISTs", `${grown("kubernetes_lists_total")}`);
  say(
    "requests a second: Lease, watches begun anew, all else",
    `${(requests / STEADY_SECONDS).toFixed(2)}`,
  );
  say(
    "processor time a look at the fleet, mean",
    `${
      (1000 * grown("process_cpu_seconds_total") / Math.max(1, rounds))
        .toFixed(1)
    } ms over ${rounds} looks`,
  );
  say(
    "processor time",
    `${
      (100 * grown("process_cpu_seconds_total") / STEADY_SECONDS).toFixed(1)
    } % of a core`,
  );
  say(
    "resident memory",
    `${
      ((after.get("process_resident_memory_bytes") ?? 0) / 2 ** 20).toFixed(0)
    } MiB`,
  );
} finally {
  child.kill("SIGTERM");
  await child.status;
  stop.abort();
  await Promise.all([agents, watching]);
}

/** The engine's flags of the planner's image. */
async function engineFlags(): Promise<string[]> {
  const file = `${ROOT}deploy/images/planner.Containerfile`;
  return (await Deno.readTextFile(file)).match(/--v8-flags=[^"]+/g) ?? [];
}

function nodeName(index: number): string {
  return `node-${String(index).padStart(3, "0")}`;
}

function gpuOf(pod: Pod, index: number): GpuPowerReport {
  const reading = parseGrant(pod.powerGrant ?? "");
  const grant = reading.kind === "grant" ? reading.grant : undefined;
  const watts = grant?.watts ? grant.watts : 700;
  return {
    uuid: `GPU-${pod.nodeName}-${index}`,
    index,
    model: "NVIDIA H200",
    minWatts: 200,
    maxWatts: 700,
    defaultWatts: 700,
    limitWatts: watts,
    effectiveWatts: watts,
    drawWatts: 150 + Math.random() * 100,
    appliedGeneration: grant?.generation,
    occupancy: "pod",
    gate: grant?.watts ? "open" : "waiting",
    persistenceMode: true,
    pod: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
    state: "enforced",
    reason: "",
  };
}

/** Sums over all series of a name, without the prefix. */
async function metrics(): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    for (const line of (await response.text()).split("\n")) {
      const found = /^dynamo_planner_([a-z_]+)(?:\{[^}]*\})? ([-+0-9.e]+)/
        .exec(line);
      if (!found?.[1]) continue;
      sums.set(found[1], (sums.get(found[1]) ?? 0) + Number(found[2]));
    }
  } catch {
    // It does not listen yet.
  }
  return sums;
}

function say(what: string, value: string): void {
  console.log(`${what.padEnd(60)} ${value}`);
}
