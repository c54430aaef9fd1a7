import { deepStrictEqual, strictEqual, throws } from "node:assert";
import {
  isOptedIn,
  MalformedObjectError,
  readPod,
} from "../../../cluster/pod.ts";
import { podObject } from "./pod_object.ts";

Deno.test("readPod() keeps what decides about watts and drops the rest", () => {
  deepStrictEqual(
    readPod(podObject({
      name: "prefill-0",
      annotations: {
        "dynamo.nvidia.com/gpu-power-limit": "300",
        "wattkeeper.dev/power-grant": "v1 uid-prefill-0 5.3 300 500",
        "other/annotation": "x".repeat(1000),
      },
    })),
    {
      namespace: "serving",
      name: "prefill-0",
      uid: "uid-prefill-0",
      staticPodHash: undefined,
      resourceVersion: "1",
      nodeName: "node-a",
      phase: "Running",
      terminating: false,
      powerLimit: "300",
      powerGrant: "v1 uid-prefill-0 5.3 300 500",
      gpuContainers: ["main"],
      gated: false,
    },
  );
});

Deno.test("a pod opts in by the key alone, whatever its value", () => {
  const key = "dynamo.nvidia.com/gpu-power-limit";
  const optedIn = (annotations: unknown) =>
    isOptedIn(readPod(podObject({ annotations })));
  strictEqual(optedIn({ [key]: "300" }), true);
  strictEqual(optedIn({ [key]: "" }), true);
  strictEqual(optedIn({ [key]: "garbage" }), true);
  strictEqual(optedIn({ unrelated: "300" }), false);
  strictEqual(optedIn({}), false);
  strictEqual(optedIn(null), false);
  strictEqual(optedIn(undefined), false);
});

Deno.test("a pod has the gate when every container that gets GPUs starts through it", () => {
  const gated = (containers: unknown[], initContainers: unknown[] = []) =>
    readPod(podObject({ containers, initContainers })).gated;
  const gpu = { limits: { "nvidia.com/gpu": "2" } };
  const gate = {
    name: "main",
    command: ["/wattkeeper/wattkeeper-agent", "gate", "--", "serve"],
    resources: gpu,
  };
  strictEqual(gated([gate]), true);
  strictEqual(gated([gate, { name: "sidecar", command: ["proxy"] }]), true);
  strictEqual(
    gated([gate, { ...gate, name: "second", command: ["serve"] }]),
    false,
    "one container without the gate is enough",
  );
  strictEqual(
    gated([{ name: "main", command: ["serve"], resources: gpu }], [gate]),
    false,
    "a gate as init container does not guard a restart in place",
  );
  strictEqual(gated([{ ...gate, command: ["sh", "-c", "gate -- x"] }]), false);
  strictEqual(
    gated([{ ...gate, command: gate.command.slice(0, 3) }]),
    false,
    "a gate without a command guards nothing",
  );
  strictEqual(
    gated([{
      ...gate,
      command: ["wattkeeper", "gate"],
      args: ["--socket", "/run/gate.sock", "--", "serve"],
    }]),
    true,
  );
  strictEqual(gated([{ name: "no-gpu", command: gate.command }]), false);
});

Deno.test("readPod() knows a static pod by its hash", () => {
  const pod = readPod(podObject({
    annotations: { "kubernetes.io/config.hash": "0".repeat(32) },
  }));
  strictEqual(pod.staticPodHash, "0".repeat(32));
});

Deno.test("readPod() tolerates absent parts and refuses absent identity", () => {
  const bare = { metadata: { ...podObject({}).metadata } };
  strictEqual(readPod(bare).phase, "Unknown");
  for (const key of ["namespace", "name", "uid", "resourceVersion"]) {
    const metadata = { ...podObject({}).metadata, [key]: undefined };
    throws(() => readPod({ metadata }), MalformedObjectError);
  }
  for (const garbage of [null, 3, "pod", [], {}, { metadata: [] }]) {
    throws(() => readPod(garbage), MalformedObjectError);
  }
});
