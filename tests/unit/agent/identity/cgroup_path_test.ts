import { deepStrictEqual, ok, strictEqual } from "node:assert";
import fc from "fast-check";
import { readCgroup } from "../../../../agent/identity/cgroup_path.ts";

const UID = "cafe0001-dead-0002-beef-0003aabbccdd";
const UID_ = UID.replaceAll("-", "_");
const OTHER = "0badf00d-dead-0002-beef-0003aabbccdd";
const ID = "ab".repeat(32);

const inPod: [string, string, string | undefined][] = [
  [
    "v1 systemd Guaranteed",
    `11:devices:/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [
    "v1 systemd Burstable",
    `11:devices:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [
    "v1 systemd BestEffort",
    `10:memory:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  ["v1 cgroupfs Guaranteed", `11:devices:/kubepods/pod${UID}/${ID}`, ID],
  [
    "v1 cgroupfs Burstable",
    `10:memory:/kubepods/burstable/pod${UID}/${ID}`,
    ID,
  ],
  [
    "v1 cgroupfs BestEffort",
    `10:memory:/kubepods/besteffort/pod${UID}/${ID}`,
    ID,
  ],
  [
    "v2 systemd",
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  ["v2 cgroupfs", `0::/kubepods/pod${UID}/${ID}`, ID],
  [
    "CRI-O",
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/crio-${ID}.scope`,
    ID,
  ],
  [
    "CRI-O, nested by the runtime",
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope/container`,
    ID,
  ],
  [
    "CRI-O's monitor",
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/crio-conmon-${ID}.scope`,
    undefined,
  ],
  [
    "docker",
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/docker-${ID}.scope`,
    ID,
  ],
  [
    "containerd's colon form",
    `0::/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`,
    ID,
  ],
  [
    "v1 and the colon form",
    `4:memory:/system.slice/containerd.service/kubepods-pod${UID_}.slice:cri-containerd:${ID}`,
    ID,
  ],
  [
    "kind, systemd",
    `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  ["kind, cgroupfs", `0::/kubelet/kubepods/burstable/pod${UID}/${ID}`, ID],
  [
    "docker in docker",
    `0::/docker/${ID}/kubepods/besteffort/pod${UID}/${ID}`,
    ID,
  ],
  [
    "a cgroup root of one's own",
    `0::/site.slice/site-kubepods.slice/site-kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [
    "another cgroup namespace, systemd",
    `0::/../../../kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    ID,
  ],
  [
    "another cgroup namespace, cgroupfs, same class",
    `0::/../../pod${UID}/${ID}`,
    ID,
  ],
  [
    "another cgroup namespace, cgroupfs, other class",
    `0::/../../../besteffort/pod${UID}/${ID}`,
    ID,
  ],
  [
    "an id in upper case",
    `0::/kubepods/pod${UID.toUpperCase()}/${ID.toUpperCase()}`,
    ID,
  ],
  ["a cgroup that was removed", `0::/kubepods/pod${UID}/${ID} (deleted)`, ID],
  ["the pod itself", `0::/kubepods/pod${UID}`, undefined],
  ["a leaf that is no id", `0::/kubepods/pod${UID}/init`, undefined],
  [
    "a process below its container",
    `0::/kubepods/pod${UID}/${ID}/system.slice/sshd.service`,
    ID,
  ],
  [
    "v1 with lines outside",
    `12:pids:/\n11:devices:/kubepods/pod${UID}/${ID}\n1:name=systemd:/system.slice/x.service\n0::/`,
    ID,
  ],
];
for (const [where, content, containerId] of inPod) {
  Deno.test(`the pod is found: ${where}`, () => {
    deepStrictEqual(readCgroup(content + "\n"), {
      kind: "pod",
      podUid: UID,
      containerId,
    });
  });
}

Deno.test("a static pod is found by its hash", () => {
  const hash = "0123456789abcdef".repeat(2);
  const reading = readCgroup(
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${hash}.slice/x`,
  );
  ok(reading.kind === "pod");
  strictEqual(reading.podUid, hash);
});

const outside: [string, string][] = [
  ["a service", "11:devices:/system.slice/kubelet.service"],
  ["the root", "0::/"],
  ["a login session", "0::/user.slice/user-1000.slice/session-1.scope"],
  ["a container without Kubernetes", `0::/docker/${ID}`],
  [
    "a service, seen from another namespace",
    "0::/../../../../system.slice/nvidia-persistenced.service",
  ],
  ["the host's root, seen from another namespace", "0::/../../../.."],
  ["the agent's own container", "0::/"],
  ["a neighbour in the agent's own pod", `0::/../cri-containerd-${ID}.scope`],
  ["a folder that is called like a pod, outside kubepods", `0::/pod${UID}/x`],
  ["a service that is called like a pod", `0::/system.slice/pod${UID}/x`],
];
for (const [where, content] of outside) {
  Deno.test(`not a pod: ${where}`, () => {
    deepStrictEqual(readCgroup(content), { kind: "not_a_pod" });
  });
}

const unprovable: [string, string][] = [
  ["an empty file", ""],
  ["garbage", "hello\n"],
  [
    "two pods on two lines",
    `2:cpu:/kubepods/pod${UID}/a\n1:pids:/kubepods/pod${OTHER}/a`,
  ],
  ["kubepods itself", "0::/kubepods.slice/kubepods-burstable.slice"],
  ["a pod without UID", "0::/kubepods/burstable/pod/x"],
  ["a pod whose UID is no UID", "0::/kubepods/pod../x"],
  [
    "a login session that plays a pod",
    `0::/user.slice/user-1000.slice/kubepods.slice/kubepods-pod${UID_}.slice/x`,
  ],
  ["a path whose beginning is hidden", "0::/../../something/else"],
];
for (const [where, content] of unprovable) {
  Deno.test(`unknown: ${where}`, () => {
    strictEqual(readCgroup(content).kind, "unknown");
  });
}

Deno.test("whatever a container makes of its own cgroup, the pod stays the one it is in", () => {
  const claim = fc.constantFrom(
    "kubepods",
    "burstable",
    `pod${OTHER}`,
    `kubepods-pod${OTHER.replaceAll("-", "_")}.slice`,
    `kubepods-pod${OTHER.replaceAll("-", "_")}.slice:cri-containerd:${ID}`,
    "kubepods.slice",
    " (deleted)",
    "user.slice",
    "0::",
    "x",
  );
  const roots = fc.constantFrom(
    `0::/kubepods/pod${UID}/${ID}/`,
    `0::/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope/`,
    `0::/../../pod${UID}/${ID}/`,
  );
  fc.assert(fc.property(roots, fc.array(claim), (root, claims) => {
    const reading = readCgroup(root + claims.join("/") + "\n");
    ok(reading.kind === "pod");
    strictEqual(reading.podUid, UID);
    strictEqual(reading.containerId, ID);
  }));
});

Deno.test("no text makes the reader fail", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (content) => {
    ok(readCgroup(content).kind);
    ok(readCgroup(`0::/${content}`).kind);
  }));
});
