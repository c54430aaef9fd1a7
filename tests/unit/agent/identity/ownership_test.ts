import { deepStrictEqual, match, ok, strictEqual } from "node:assert";
import {
  NodeOwnership,
  type PodResourcesAnswer,
  ProcessTable,
} from "../../../../agent/identity/mod.ts";
import type {
  GpuIdentity,
  GpuOwnership,
  GpuProcess,
  NvmlResult,
  Pod,
} from "../../../../agent/ports.ts";
import { readPod } from "../../../../cluster/pod.ts";
import { podObject } from "../../cluster/pod_object.ts";
import { FakeProc, podCgroup } from "./fake_proc.ts";

const UID_A = "cafe0001-dead-0002-beef-00000000000a";
const UID_B = "cafe0001-dead-0002-beef-00000000000b";
const podA = readPod(podObject({ name: "a", uid: UID_A }));
const podB = readPod(podObject({ name: "b", uid: UID_B }));

const gpu: GpuIdentity = {
  uuid: "GPU-1",
  index: 0,
  model: "NVIDIA H200",
  minor: 0,
  mig: false,
  migUuids: [],
};

/** One GPU of a node in a given state; the kubelet's word is by pod name and device ids. */
interface Situation {
  readonly kubelet?:
    | Record<string, readonly string[]>
    | "silent"
    | "unavailable";
  readonly claims?: readonly string[];
  readonly resource?: string;
  readonly pids?: readonly number[] | "error";
  readonly view?: readonly Pod[];
  readonly gpu?: GpuIdentity;
  readonly departing?: readonly string[];
}

function answer(situation: Situation): PodResourcesAnswer {
  const { kubelet = {}, resource = "nvidia.com/gpu", claims = [] } = situation;
  if (typeof kubelet === "string") {
    return { kind: "silent", reason: "the kubelet is silent" };
  }
  return {
    kind: "answered",
    containers: Object.entries(kubelet).map(([podName, ids]) => ({
      namespace: "serving",
      podName,
      containerName: "main",
      devices: [{ resource, ids }],
      claimDrivers: claims,
    })),
  };
}

/** What the agent says about a GPU in this situation. */
async function observe(proc: FakeProc, situation: Situation) {
  const ownership = new NodeOwnership({
    processes: new ProcessTable(proc.root),
    podResources: situation.kubelet === "unavailable" ? undefined : {
      list: () => Promise.resolve(answer(situation)),
    },
  });
  const { pids = [], view = [podA, podB] } = situation;
  const processes: NvmlResult<readonly GpuProcess[]> = pids === "error"
    ? {
      ok: false,
      error: { name: "NVML_ERROR_UNKNOWN", code: 999, call: "processes" },
    }
    : { ok: true, value: pids.map((pid) => ({ pid })) };
  const asked = situation.gpu ?? gpu;
  const { gpus, departing } = await ownership.observe({
    gpus: [{ gpu: asked, processes }],
    pods: view,
    departing: new Set(situation.departing),
  });
  const found = gpus.get(asked.uuid);
  ok(found);
  return { ...found, departing };
}

/** The attribution in short: `pods a(both) b(processes)`, `unknown: …`. */
function inShort({ attribution }: GpuOwnership): string {
  switch (attribution.kind) {
    case "pods":
      return `pods ${
        attribution.pods.map((pod) => `${pod.name ?? pod.uid}(${pod.evidence})`)
          .join(" ")
      }`;
    case "unknown":
      return "unknown";
    default:
      return attribution.kind;
  }
}

/** Processes 100 and 101 of pod a, 200 of pod b, 300 of no pod, 400 of an odd path, 500 on its way out. */
function usualProcesses(): FakeProc {
  const proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(UID_A) });
  proc.run(101, { cgroup: podCgroup(UID_A) });
  proc.run(200, { cgroup: podCgroup(UID_B) });
  proc.run(300, { cgroup: "0::/system.slice/x.service\n" });
  proc.run(400, { cgroup: "0::/kubepods.slice\n" });
  proc.run(500, { cgroup: "0::/\n", flags: 0x4 });
  return proc;
}

const table: [string, Situation, string][] = [
  [
    "kubelet and processes agree",
    { kubelet: { a: ["GPU-1"] }, pids: [100] },
    "pods a(both)",
  ],
  ["many processes are one pod (D7)", {
    kubelet: { a: ["GPU-1"] },
    pids: [100, 101],
  }, "pods a(both)"],
  [
    "no process on the GPU yet",
    { kubelet: { a: ["GPU-1"] } },
    "pods a(kubelet)",
  ],
  ["NVML fails, the kubelet knows", {
    kubelet: { a: ["GPU-1"] },
    pids: "error",
  }, "pods a(kubelet)"],
  ["two pods share by time slices", {
    kubelet: { a: ["GPU-1::0"], b: ["GPU-1::1"] },
    pids: [100],
  }, "pods a(both) b(kubelet)"],
  [
    "an old-style slice",
    { kubelet: { a: ["MIG-GPU-1/1/0"] } },
    "pods a(kubelet)",
  ],
  ["a device node", { kubelet: { a: ["nvidia0"] } }, "pods a(kubelet)"],
  ["a renamed resource", {
    kubelet: { a: ["GPU-1"] },
    resource: "example.com/accelerator",
  }, "pods a(kubelet)"],
  ["another pod's process beside the kubelet's", {
    kubelet: { a: ["GPU-1"] },
    pids: [100, 200],
  }, "pods a(both) b(processes)"],
  ["a host's process beside the kubelet's", {
    kubelet: { a: ["GPU-1"] },
    pids: [100, 300],
  }, "pods a(both)"],
  ["an unreadable process beside the kubelet's", {
    kubelet: { a: ["GPU-1"] },
    pids: [400],
  }, "pods a(kubelet)"],
  ["the kubelet's pod is not in the view", {
    kubelet: { z: ["GPU-1"] },
    pids: [100],
  }, "unknown"],
  ["a process of a pod that is not in the view, against the kubelet", {
    kubelet: { a: ["GPU-1"] },
    pids: [200],
    view: [podA],
  }, "unknown"],
  [
    "the kubelet gave it to nobody, a pod runs there",
    { pids: [100] },
    "pods a(processes)",
  ],
  [
    "… and the view does not have that pod",
    { pids: [100], view: [] },
    `pods ${UID_A}(processes)`,
  ],
  ["nobody", {}, "nobody"],
  ["a host's process alone", { pids: [300] }, "not_a_pod"],
  ["a process that is gone (F1)", { pids: [999] }, "unknown"],
  ["a process that cannot be placed", { pids: [400] }, "unknown"],
  ["a process on its way out", { pids: [500] }, "unknown"],
  ["a pod's process and one that is gone", { pids: [100, 999] }, "unknown"],
  ["NVML fails, the kubelet gave it to nobody", { pids: "error" }, "unknown"],
  ["the kubelet is silent, a pod runs there", {
    kubelet: "silent",
    pids: [100],
  }, "pods a(processes)"],
  ["the kubelet is silent, nothing runs", { kubelet: "silent" }, "unknown"],
  ["the kubelet is silent, a host's process", {
    kubelet: "silent",
    pids: [300],
  }, "unknown"],
  ["without PodResources, a pod runs there", {
    kubelet: "unavailable",
    pids: [100],
  }, "pods a(processes)"],
  ["without PodResources, nothing runs", { kubelet: "unavailable" }, "nobody"],
  ["without PodResources, NVML fails", {
    kubelet: "unavailable",
    pids: "error",
  }, "unknown"],
  [
    "some pod has a GPU that NVML does not show",
    { kubelet: { a: ["GPU-9"] } },
    "unknown",
  ],
  ["some pod has one by a claim (DRA)", {
    kubelet: { a: [] },
    claims: ["gpu.nvidia.com"],
  }, "unknown"],
  ["… and a process says who", {
    kubelet: { a: [] },
    claims: ["gpu.nvidia.com"],
    pids: [100],
  }, "pods a(processes)"],
  ["network cards are no GPUs", {
    kubelet: { a: ["mlx5_0"] },
    resource: "nvidia.com/rdma",
  }, "nobody"],
];
for (const [when, situation, expected] of table) {
  Deno.test(`${expected}: ${when}`, async () => {
    using proc = usualProcesses();
    strictEqual(inShort(await observe(proc, situation)), expected);
  });
}

Deno.test("MIG slices belong to their GPU", async () => {
  using proc = usualProcesses();
  const sliced = { ...gpu, mig: true, migUuids: ["MIG-x", "MIG-y"] };
  const found = await observe(proc, {
    gpu: sliced,
    kubelet: { a: ["MIG-x"], b: ["MIG-y"] },
    resource: "nvidia.com/mig-3g.40gb",
  });
  strictEqual(inShort(found), "pods a(kubelet) b(kubelet)");
  match(found.notes.join(), /2 pods share/);
});

Deno.test("a name that the kubelet has not let go of does not place the pod that took it over", async () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(UID_A) });
  const successor = readPod(podObject({ name: "a", uid: UID_B }));
  const situation = { kubelet: { a: ["GPU-1"] }, view: [successor] };
  const before = await observe(proc, situation);
  strictEqual(inShort(before), "unknown");
  match(JSON.stringify(before.attribution), /no process of UID .*b is on the/);
  deepStrictEqual(comingTo(before), ["a", UID_B]);
  proc.end(100);
  proc.run(200, { cgroup: podCgroup(UID_B) });
  strictEqual(inShort(await observe(proc, situation)), "pods a(kubelet)");
});

/** Name and UID of the pod that the GPU waits for. */
function comingTo({ attribution }: GpuOwnership): string[] | undefined {
  if (attribution.kind !== "unknown" || !attribution.coming) return undefined;
  return [attribution.coming.name, attribution.coming.uid];
}

const noneComes: [string, Situation][] = [
  ["a process is on the GPU", { pids: [300] }],
  ["the processes on it are not known", { pids: "error" }],
  ["two pods are to share it", { kubelet: { a: ["GPU-1"], b: ["GPU-1"] } }],
  ["the pod is not in the view", { view: [] }],
];
for (const [when, change] of noneComes) {
  Deno.test(`no pod is said to be on its way to a GPU when ${when}`, async () => {
    using proc = new FakeProc();
    proc.run(300, { cgroup: "0::/system.slice/x.service\n" });
    const found = await observe(proc, { kubelet: { a: ["GPU-1"] }, ...change });
    strictEqual(inShort(found), "unknown");
    strictEqual(comingTo(found), undefined);
  });
}

Deno.test("a finished pod that an old kubelet still lists has no GPU", async () => {
  using proc = new FakeProc();
  const finished: Pod = { ...podA, phase: "Succeeded" };
  const found = await observe(proc, {
    kubelet: { a: ["GPU-1"] },
    view: [finished],
  });
  strictEqual(inShort(found), "nobody");
  strictEqual(found.allocation, "none");
  proc.run(100, { cgroup: podCgroup(UID_A) });
  const held = await observe(proc, {
    kubelet: { a: ["GPU-1"] },
    view: [finished],
  });
  strictEqual(inShort(held), "pods a(kubelet)", "its process is still there");
});

Deno.test("a static pod is found by its hash and named by its UID", async () => {
  using proc = new FakeProc();
  const hash = "0123456789abcdef".repeat(2);
  const mirror: Pod = { ...podA, staticPodHash: hash };
  proc.run(100, { cgroup: podCgroup(hash) });
  const found = await observe(proc, {
    kubelet: { a: ["GPU-1"] },
    pids: [100],
    view: [mirror],
    departing: [UID_A],
  });
  strictEqual(inShort(found), "pods a(both)");
  strictEqual(found.departing.get(UID_A), "present");
});

Deno.test("a process younger than NVML's answer may be is not believed", async () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(UID_A), startTicks: 10_000_000 - 299 });
  strictEqual(inShort(await observe(proc, { pids: [100] })), "unknown");
  proc.run(100, { cgroup: podCgroup(UID_A), startTicks: 10_000_000 - 300 });
  strictEqual(
    inShort(await observe(proc, { pids: [100] })),
    "pods a(processes)",
  );
});

Deno.test("what the answer says about itself", async () => {
  using proc = usualProcesses();
  const found = await observe(proc, {
    kubelet: { a: ["GPU-1"] },
    pids: [300, 100, 400],
  });
  deepStrictEqual(found.pids, [100, 300, 400]);
  strictEqual(found.allocation, "allocated");
  match(found.notes.join("\n"), /process 400: .*kubepods/);
  match(found.notes.join("\n"), /process 300 on it is in no pod/);
  const silent = await observe(proc, { kubelet: "silent", pids: "error" });
  strictEqual(silent.pids, undefined);
  strictEqual(silent.allocation, "silent");
  deepStrictEqual(silent.notes, ["the kubelet is silent"]);
});

Deno.test("a departing pod is present while any process has its cgroup, on a GPU or not", async () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(UID_A) });
  const departure = async () =>
    (await observe(proc, { departing: [UID_A] })).departing.get(UID_A);
  strictEqual(await departure(), "present");
  proc.run(100, { cgroup: podCgroup(UID_A), state: "Z", threads: 1 });
  strictEqual(await departure(), "gone");
  proc.run(101, { cgroup: "0::/\n", flags: 0x4 });
  strictEqual(await departure(), "unknown", "101 may have been its last");
  proc.end(101);
  strictEqual(await departure(), "gone");
});

Deno.test("without /proc nothing is gone", async () => {
  const ownership = new NodeOwnership({
    processes: new ProcessTable("/does/not/exist"),
    podResources: undefined,
  });
  const { departing } = await ownership.observe({
    gpus: [],
    pods: [],
    departing: new Set([UID_A]),
  });
  strictEqual(departing.get(UID_A), "unknown");
});

Deno.test("a pod that stays is proven anew each pass, without reading all processes", async () => {
  using proc = usualProcesses();
  let reads = 0;
  const ownership = new NodeOwnership({
    processes: new ProcessTable(proc.root, (path) => {
      reads++;
      return Deno.readTextFileSync(path);
    }),
    podResources: {
      list: () => Promise.resolve(answer({ kubelet: { a: ["GPU-1"] } })),
    },
  });
  const pass = async () => {
    reads = 0;
    await ownership.observe({
      gpus: [{ gpu, processes: { ok: true, value: [] } }],
      pods: [podA],
      departing: new Set(),
    });
    return reads;
  };
  ok(await pass() > 10);
  strictEqual(await pass(), 2, "the time since boot and one stat");
  proc.end(100);
  proc.end(101);
  ok(await pass() > 2, "the witness is gone: look again");
});
