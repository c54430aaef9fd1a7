/** Reading pods, nodes, reports and autoscalers: GPUs asked for, replicas, hostile objects (R26, R29). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { gpuRequest } from "../../../../../planner/fleets/kubernetes/gpu_request.ts";
import {
  readOtherScaler,
  scaledBy,
} from "../../../../../planner/fleets/kubernetes/other_scaler.ts";
import { readWatchedNode } from "../../../../../planner/fleets/kubernetes/watched_node.ts";
import { readWatchedPod } from "../../../../../planner/fleets/kubernetes/watched_pod.ts";
import { readWatchedReport } from "../../../../../planner/fleets/kubernetes/watched_report.ts";
import {
  readWorkload,
  WORKLOAD_KINDS,
} from "../../../../../planner/fleets/kubernetes/workloads/mod.ts";
import { ReportNews } from "../../../../../planner/fleets/kubernetes/report_news.ts";

const container = (gpus: unknown, more: object = {}) => ({
  name: "c",
  resources: { limits: { "nvidia.com/gpu": gpus } },
  ...more,
});

Deno.test("GPUs of a pod: containers and sidecars together, init containers one at a time", () => {
  const gpus = (spec: unknown) => gpuRequest(spec).gpus;
  assert.equal(gpus({ containers: [container("4"), container(2)] }), 6);
  assert.equal(
    gpus({ containers: [container(1)], initContainers: [container(8)] }),
    8,
  );
  const sidecar = container(1, { restartPolicy: "Always" });
  assert.equal(
    gpus({ containers: [container(2)], initContainers: [sidecar] }),
    3,
  );
  assert.equal(
    gpus({
      containers: [container(2)],
      initContainers: [sidecar, container(4)],
    }),
    5,
  );
  assert.equal(
    gpus({
      containers: [{ resources: { requests: { "nvidia.com/gpu": "2" } } }],
    }),
    2,
  );
});

Deno.test("slices, shares and claims are told apart from whole GPUs", () => {
  const of = (resources: object) =>
    gpuRequest({ containers: [{ resources: { limits: resources } }] });
  assert.deepEqual(of({ "nvidia.com/mig-1g.10gb": 2 }).partial, [
    "nvidia.com/mig-1g.10gb",
  ]);
  assert.deepEqual(of({ "nvidia.com/gpu.shared": "1" }).partial, [
    "nvidia.com/gpu.shared",
  ]);
  assert.deepEqual(of({ "nvidia.com/mig-1g.10gb": 0 }).partial, []);
  assert.equal(gpuRequest({ resourceClaims: [{ name: "gpu" }] }).claims, true);
  assert.equal(of({ "nvidia.com/gpu": "1.5" }).problems.length, 1);
});

const POD = {
  metadata: {
    namespace: "prod",
    name: "p",
    uid: "u",
    resourceVersion: "1",
  },
};

function podWith(labels: Record<string, string>, more: object = {}) {
  return readWatchedPod({
    ...POD,
    metadata: { ...POD.metadata, labels },
    ...more,
  });
}

Deno.test("pods of one replica share its group; a pod by itself is one", () => {
  assert.equal(podWith({}).replica, "u");
  assert.equal(
    podWith({
      "grove.io/podcliquescalinggroup": "llm-0-decode",
      "grove.io/podcliquescalinggroup-replica-index": "3",
    }).replica,
    "llm-0-decode/3",
  );
  assert.equal(
    podWith({
      "leaderworkerset.sigs.k8s.io/name": "big",
      "leaderworkerset.sigs.k8s.io/group-index": "1",
    }).replica,
    "big/1",
  );
});

Deno.test("a pod is unready until its kubelet calls it ready, and where nobody says anything it is not", () => {
  const unready = (...conditions: { type: string; status: string }[]) =>
    podWith({}, { status: { conditions } }).unready;
  assert.equal(unready(), false);
  assert.equal(unready({ type: "PodScheduled", status: "True" }), true);
  assert.equal(unready({ type: "Ready", status: "False" }), true);
  assert.equal(unready({ type: "Ready", status: "True" }), false);
});

Deno.test("an epoch is read from a pod's own grant only", () => {
  const epoch = (grant: string) =>
    readWatchedPod({
      metadata: {
        ...POD.metadata,
        annotations: { "wattkeeper.dev/power-grant": grant },
      },
    }).grantEpoch;
  assert.equal(epoch("v1 u 7.2 300 300"), 7);
  assert.equal(epoch("v1 other 9.2 300 300"), 0);
  assert.equal(epoch("garbage"), 0);
});

Deno.test("nodes say when they are dead, and when their GPUs are shared", () => {
  const node = (labels: object, taints: unknown[] = []) =>
    readWatchedNode({
      metadata: { name: "n", labels },
      spec: { taints },
    });
  assert.equal(
    node({}, [{
      key: "node.kubernetes.io/out-of-service",
      effect: "NoExecute",
    }])?.outOfService,
    true,
  );
  assert.equal(node({})?.shared, undefined);
  for (
    const labels of [
      { "nvidia.com/gpu.sharing-strategy": "mps" },
      { "nvidia.com/gpu.sharing-strategy": "time-slicing" },
      { "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb" },
      { "nvidia.com/gpu.product": "NVIDIA-A100-SHARED" },
    ]
  ) assert(node(labels)?.shared, JSON.stringify(labels));
  assert.equal(
    node({ "nvidia.com/gpu.sharing-strategy": "none" })?.shared,
    undefined,
  );
});

Deno.test("an autoscaler counts when group, kind and name of its target are ours", () => {
  const hpa = (apiVersion: string, kind: string, name: string) =>
    readOtherScaler({
      metadata: { name: "hpa" },
      spec: { scaleTargetRef: { apiVersion, kind, name } },
    }, "HorizontalPodAutoscaler");
  const scaler = {
    kind: "none" as const,
    reason: "",
    targets: [{ group: "apps", kind: "Deployment", name: "vllm" }],
  };
  const hit = (found: ReturnType<typeof hpa>) =>
    scaledBy(scaler, found ? [found] : []);
  assert(hit(hpa("apps/v1", "Deployment", "vllm")));
  assert.equal(hit(hpa("apps/v1", "Deployment", "other")), undefined);
  assert.equal(hit(hpa("apps/v1", "StatefulSet", "vllm")), undefined);
  assert.equal(hit(hpa("example.com/v1", "Deployment", "vllm")), undefined);
  // KEDA's default target is a Deployment.
  const keda = readOtherScaler({
    metadata: { name: "queue" },
    spec: { scaleTargetRef: { name: "vllm" } },
  }, "ScaledObject");
  assert.match(hit(keda) ?? "", /ScaledObject "queue"/);
});

Deno.test("a report that only ages is no news; one that says something else is", () => {
  const report = (change: object = {}, gpu: object = {}) =>
    readWatchedReport({
      apiVersion: "wattkeeper.dev/v1alpha1",
      kind: "NodePowerReport",
      metadata: { name: "n1" },
      status: {
        observedAt: "2026-01-01T00:00:00Z",
        agentVersion: "1",
        bootId: "b",
        driverSession: "s",
        safeDefaultWatts: 490,
        sequence: 1,
        gpus: [{
          uuid: "GPU-1",
          index: 0,
          model: "H200",
          limitWatts: 700,
          occupancy: "free",
          gate: "none",
          state: "released",
          reason: "",
          ...gpu,
        }],
        ...change,
      },
    })!;
  const news = new ReportNews();
  assert.equal(news.take([report()]), true);
  assert.equal(
    news.take([
      report(
        { sequence: 2, observedAt: "2026-01-01T00:00:10Z" },
        { drawWatts: 99 },
      ),
    ]),
    false,
  );
  assert.equal(news.take([report({}, { limitWatts: 300 })]), true);
  assert.equal(news.take([]), true);
  assert.equal(news.take([]), false);
});

Deno.test("a report that was created and not written yet is none; a broken one is told", () => {
  const head = {
    apiVersion: "wattkeeper.dev/v1alpha1",
    kind: "NodePowerReport",
    metadata: { name: "n1" },
  };
  assert.equal(readWatchedReport(head), undefined);
  const broken = readWatchedReport({
    ...head,
    status: { observedAt: "2026-01-01T00:00:00Z", gpus: 7 },
  });
  assert(broken?.kind === "malformed");
  assert.equal(broken.nodeName, "n1");
});

Deno.test("property: hostile pods, nodes, workloads and autoscalers are read or refused, never a crash", () => {
  const value = fc.anything({ withNullPrototype: true, maxDepth: 4 });
  const labels = fc.dictionary(fc.string(), fc.anything());
  fc.assert(fc.property(value, value, labels, (spec, status, found) => {
    const object = {
      metadata: {
        ...POD.metadata,
        labels: found,
        annotations: spec,
        managedFields: status,
        ownerReferences: spec,
      },
      spec,
      status,
    };
    const pod = readWatchedPod(object);
    assert(pod.gpus >= 0 && Number.isFinite(pod.gpus));
    readWatchedNode(object);
    readWatchedReport(object);
    readOtherScaler(object, "ScaledObject");
    for (const kind of WORKLOAD_KINDS) {
      const { component } = readWorkload(object, kind, "v1");
      assert(component.podsPerReplica >= 1);
    }
  }));
});

Deno.test("an annotation of two million characters is read as it is", () => {
  const long = "x".repeat(2_000_000);
  const pod = readWatchedPod({
    metadata: {
      ...POD.metadata,
      annotations: {
        "wattkeeper.dev/power-grant": long,
        "dynamo.nvidia.com/gpu-power-limit": long,
      },
    },
  });
  assert.equal(pod.grantEpoch, 0);
  assert.equal(pod.pod.powerLimit, long);
});
