/** Whose GPU it is: the kubelet's word and the processes' cgroups, cross-checked. Pure. @module */

import type { Attribution, GpuOwnership, OwningPod, Pod } from "../ports.ts";
import { hasEnded } from "../../cluster/mod.ts";
import type { NamedPod } from "./placement.ts";

/** What the processes on one GPU prove. */
export interface ProcessEvidence {
  /** PIDs by the pod that their cgroup names: its UID in the API where the view has it, else the cgroup's. */
  readonly pods: ReadonlyMap<string, readonly number[]>;
  /** PIDs proven to be in no pod. */
  readonly outside: readonly number[];
  /** PIDs about which nothing is proven, with the reason. */
  readonly unclear: readonly {
    readonly pid: number;
    readonly reason: string;
  }[];
}

/** All that is known about one GPU. */
export interface GpuEvidence {
  /** Undefined when NVML did not answer. */
  readonly processes: ProcessEvidence | undefined;
  readonly allocation:
    | {
      readonly kind: "answered";
      readonly pods: readonly NamedPod[];
      readonly unplaced: readonly string[];
    }
    | { readonly kind: "silent"; readonly reason: string }
    /** The operator runs without PodResources on purpose. */
    | { readonly kind: "unavailable" };
}

/** Pods as the view has them, looked up by what the two sources call them. */
export interface KnownPods {
  named(pod: NamedPod): Pod | undefined;
  withUid(uid: string): Pod | undefined;
  /** Whether a process of this pod UID runs on the node, on a GPU or not; `gone` is proven. */
  presence(uid: string): "present" | "gone" | "unknown";
}

/**
 * Attributes one GPU. Positive proof is needed for everything but `unknown`:
 * the kubelet's word is tied to a UID by a process of that UID on the node, for PodResources names pods without UID and
 * a name can be reused while the old pod's processes still run; a process is tied to its pod by its cgroup.
 */
export function attribute(
  evidence: GpuEvidence,
  known: KnownPods,
): GpuOwnership {
  const notes: string[] = [];
  const { processes } = evidence;
  const allocation = withoutEnded(evidence, known);
  const attribution = decide({ processes, allocation }, known, notes);
  if (attribution.kind === "pods" && attribution.pods.length > 1) {
    notes.push(`${attribution.pods.length} pods share the GPU`);
  }
  return {
    attribution,
    pids: processes && [
      ...[...processes.pods.values()].flat(),
      ...processes.outside,
      ...processes.unclear.map(({ pid }) => pid),
    ].sort((a, b) => a - b),
    allocation: allocation.kind === "answered"
      ? allocation.pods.length > 0
        ? "allocated"
        : allocation.unplaced.length > 0
        ? "silent"
        : "none"
      : allocation.kind,
    notes,
  };
}

/**
 * The allocation without pods that have ended for good: older kubelets go on listing them while the device is free, or
 * already another pod's.
 */
function withoutEnded(
  { allocation, processes }: GpuEvidence,
  known: KnownPods,
): GpuEvidence["allocation"] {
  if (allocation.kind !== "answered") return allocation;
  const pods = allocation.pods.filter((named) => {
    const pod = known.named(named);
    return pod === undefined || !hasEnded(pod) ||
      processes?.pods.has(pod.uid) || known.presence(pod.uid) !== "gone";
  });
  return { ...allocation, pods };
}

function decide(
  { processes, allocation }: GpuEvidence,
  known: KnownPods,
  notes: string[],
): Attribution {
  const placed = allocation.kind === "answered" ? allocation.pods : [];
  if (allocation.kind === "silent") notes.push(allocation.reason);
  if (allocation.kind === "answered") {
    for (const what of allocation.unplaced) {
      notes.push(`${what} is of some GPU, and does not say which`);
    }
  }
  for (const { pid, reason } of processes?.unclear ?? []) {
    notes.push(`process ${pid}: ${reason}`);
  }
  if (placed.length > 0) return placedPods(placed, processes, known, notes);
  if (processes === undefined) {
    return unknown("NVML does not say which processes are on it");
  }
  if (processes.unclear.length > 0) {
    return unknown(
      `process ${processes.unclear[0]?.pid} on it cannot be attributed: ${
        processes.unclear[0]?.reason
      }`,
    );
  }
  if (processes.pods.size > 0) {
    if (allocation.kind === "answered") {
      notes.push("a pod runs on it that the kubelet has not given it to");
    }
    noteOutsiders(processes, notes);
    return pods(
      [...processes.pods.keys()].map((uid) =>
        owner(uid, known.withUid(uid), "processes")
      ),
    );
  }
  if (allocation.kind === "silent") {
    return unknown("the kubelet does not say whether it is allocated");
  }
  if (allocation.kind === "answered" && allocation.unplaced.length > 0) {
    return unknown(`${allocation.unplaced[0]} may be on it`);
  }
  return { kind: processes.outside.length > 0 ? "not_a_pod" : "nobody" };
}

/** The kubelet has given the GPU to pods. */
function placedPods(
  placed: readonly NamedPod[],
  processes: ProcessEvidence | undefined,
  known: KnownPods,
  notes: string[],
): Attribution {
  const owners = new Map<string, OwningPod>();
  for (const named of placed) {
    const pod = known.named(named);
    const title = `${named.namespace}/${named.name}`;
    if (pod === undefined) {
      return unknown(
        `the kubelet has given it to pod ${title}, which the pod view does not have`,
      );
    }
    const running = processes?.pods.has(pod.uid) ?? false;
    if (!running && known.presence(pod.uid) !== "present") {
      return {
        ...unknown(
          `the kubelet has given it to pod ${title}, and no process of UID ${pod.uid} is on the node yet`,
        ),
        ...(placed.length === 1 && isIdle(processes)
          ? { coming: { ...named, uid: pod.uid } }
          : {}),
      };
    }
    owners.set(pod.uid, owner(pod.uid, pod, running ? "both" : "kubelet"));
  }
  for (const uid of processes?.pods.keys() ?? []) {
    if (owners.has(uid)) continue;
    const pod = known.withUid(uid);
    if (pod === undefined) {
      return unknown(
        `a process of pod UID ${uid} runs on it, which the pod view does not have`,
      );
    }
    notes.push(
      `pod ${pod.namespace}/${pod.name} runs on it and the kubelet has not given it to it`,
    );
    owners.set(uid, owner(uid, pod, "processes"));
  }
  if (processes) noteOutsiders(processes, notes);
  return pods([...owners.values()]);
}

/** NVML says that no process is on it. */
function isIdle(processes: ProcessEvidence | undefined): boolean {
  return processes !== undefined && processes.pods.size === 0 &&
    processes.outside.length === 0 && processes.unclear.length === 0;
}

function noteOutsiders(processes: ProcessEvidence, notes: string[]): void {
  for (const pid of processes.outside) {
    notes.push(`process ${pid} on it is in no pod`);
  }
}

function pods(owners: readonly OwningPod[]): Attribution {
  return {
    kind: "pods",
    pods: owners.toSorted((a, b) => a.uid < b.uid ? -1 : 1),
  };
}

function owner(
  uid: string,
  pod: Pod | undefined,
  evidence: OwningPod["evidence"],
): OwningPod {
  return { uid, namespace: pod?.namespace, name: pod?.name, evidence };
}

function unknown(reason: string): Extract<Attribution, { kind: "unknown" }> {
  return { kind: "unknown", reason };
}
