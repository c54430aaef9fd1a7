/** The agent's {@linkcode Ownership}: kubelet and `/proc`, asked and cross-checked. @module */

import type {
  GpuProcess,
  NvmlResult,
  Ownership,
  OwnershipAnswer,
  OwnershipQuestion,
  Pod,
} from "../ports.ts";
import {
  attribute,
  type GpuEvidence,
  type KnownPods,
  type ProcessEvidence,
} from "./attribution.ts";
import type { PodResourcesAnswer } from "./pod_resources.ts";
import { placeAllocations } from "./placement.ts";
import {
  type ProcessReading,
  type ProcessTable,
  TICKS_PER_SECOND,
} from "./process_table.ts";

/** Where ownership is read from. */
export interface OwnershipSources {
  readonly processes: ProcessTable;
  /** Undefined when the operator runs without PodResources on purpose. */
  readonly podResources:
    | { list(): Promise<PodResourcesAnswer> }
    | undefined;
}

/** A process younger than this may have got the PID of one that NVML still meant, seconds. */
const YOUNG_SECONDS = 3;

interface Scan {
  /** One running process by the pod UID in its cgroup. */
  readonly byPod: ReadonlyMap<string, { pid: number; startTicks: number }>;
  /** Every process was read. */
  readonly complete: boolean;
}

/** Finds who has which GPU. Remembers only what spares reading `/proc` again, and checks that before each use. */
export class NodeOwnership implements Ownership {
  readonly #sources: OwnershipSources;
  /** A process of a pod, by the UID in its cgroup. */
  readonly #witnesses = new Map<string, { pid: number; startTicks: number }>();

  constructor(sources: OwnershipSources) {
    this.#sources = sources;
  }

  async observe(question: OwnershipQuestion): Promise<OwnershipAnswer> {
    const kubelet = await this.#sources.podResources?.list();
    const view = new ViewIndex(question.pods);
    this.#forget(view, question.departing);
    const uptimeTicks = this.#sources.processes.uptimeTicks();
    /** UIDs in cgroups of processes that are proven to run just now: nothing is waited for from here on. */
    const proven = new Set<string>();
    const seen = question.gpus.map(({ processes }) =>
      this.#evidence(processes, { view, uptimeTicks, proven })
    );
    let scanned: Scan | undefined;
    const scan = () => scanned ??= this.#scan();
    const presence = (cgroupUid: string) =>
      proven.has(cgroupUid) ? "present" : this.#presence(cgroupUid, scan);
    const known: KnownPods = {
      named: (pod) => view.named(pod.namespace, pod.name),
      withUid: (uid) => view.withUid(uid),
      presence: (uid) => presence(view.cgroupUid(uid)),
    };
    const placement = kubelet?.kind === "answered"
      ? placeAllocations(
        kubelet.containers,
        question.gpus.map(({ gpu }) => gpu),
      )
      : undefined;
    const gpus = question.gpus.map(({ gpu }, i) => {
      const evidence: GpuEvidence = {
        processes: seen[i],
        allocation: kubelet === undefined
          ? { kind: "unavailable" }
          : kubelet.kind === "silent"
          ? kubelet
          : {
            kind: "answered",
            pods: placement?.pods.get(gpu.uuid) ?? [],
            unplaced: placement?.unplaced ?? [],
          },
      };
      return [gpu.uuid, attribute(evidence, known)] as const;
    });
    return {
      gpus: new Map(gpus),
      departing: new Map(
        [...question.departing].map((uid) =>
          [uid, presence(view.cgroupUid(uid))] as const
        ),
      ),
      allocations: placement?.byPod,
    };
  }

  #forget(view: ViewIndex, departing: ReadonlySet<string>): void {
    this.#sources.processes.forgetUnread();
    for (const uid of this.#witnesses.keys()) {
      if (view.withUid(view.apiUid(uid)) || departing.has(uid)) continue;
      this.#witnesses.delete(uid);
    }
  }

  #evidence(
    processes: NvmlResult<readonly GpuProcess[]>,
    { view, uptimeTicks, proven }: {
      readonly view: ViewIndex;
      readonly uptimeTicks: number | undefined;
      readonly proven: Set<string>;
    },
  ): ProcessEvidence | undefined {
    if (!processes.ok) return undefined;
    const pods = new Map<string, number[]>();
    const outside: number[] = [];
    const unclear: { pid: number; reason: string }[] = [];
    for (const { pid } of processes.value) {
      const reading = this.#sources.processes.glance(pid);
      const doubt = doubtAbout(reading, uptimeTicks);
      if (reading.kind !== "running" || doubt !== undefined) {
        unclear.push({ pid, reason: doubt ?? "it ended" });
      } else if (reading.cgroup.kind === "pod") {
        const { podUid } = reading.cgroup;
        const uid = view.apiUid(podUid);
        const pids = pods.get(uid);
        if (pids) {
          pids.push(pid);
          continue;
        }
        pods.set(uid, [pid]);
        proven.add(podUid);
        this.#witnesses.set(podUid, { pid, startTicks: reading.startTicks });
      } else {
        outside.push(pid);
      }
    }
    return { pods, outside, unclear };
  }

  #presence(
    cgroupUid: string,
    scan: () => Scan,
  ): "present" | "gone" | "unknown" {
    const witness = this.#witnesses.get(cgroupUid);
    if (witness && this.#stillThere(cgroupUid, witness)) return "present";
    this.#witnesses.delete(cgroupUid);
    const { byPod, complete } = scan();
    const found = byPod.get(cgroupUid);
    if (found === undefined) return complete ? "gone" : "unknown";
    this.#witnesses.set(cgroupUid, found);
    return "present";
  }

  #stillThere(
    cgroupUid: string,
    { pid, startTicks }: { pid: number; startTicks: number },
  ): boolean {
    const reading = this.#sources.processes.read(pid);
    return reading.kind === "running" && reading.startTicks === startTicks &&
      reading.cgroup.kind === "pod" && reading.cgroup.podUid === cgroupUid;
  }

  #scan(): Scan {
    const { processes } = this.#sources;
    const byPod = new Map<string, { pid: number; startTicks: number }>();
    const pids = processes.pids();
    let complete = pids !== undefined && pids.length > 0;
    for (const pid of pids ?? []) {
      const reading = processes.read(pid);
      if (reading.kind === "gone") continue;
      if (reading.kind === "unknown" || reading.cgroup.kind === "unknown") {
        complete = false;
      } else if (reading.cgroup.kind === "pod") {
        byPod.set(reading.cgroup.podUid, {
          pid,
          startTicks: reading.startTicks,
        });
      }
    }
    return { byPod, complete };
  }
}

/** Why a process that NVML named proves nothing; undefined when it does. */
function doubtAbout(
  reading: ProcessReading,
  uptimeTicks: number | undefined,
): string | undefined {
  if (reading.kind === "gone") {
    return "it ended after NVML had seen it";
  }
  if (reading.kind === "unknown") return reading.reason;
  if (reading.cgroup.kind === "unknown") return reading.cgroup.reason;
  if (uptimeTicks === undefined) return "the time since boot cannot be read";
  return uptimeTicks - reading.startTicks < YOUNG_SECONDS * TICKS_PER_SECOND
    ? "it has just begun; its PID may have been another's when NVML saw it"
    : undefined;
}

/** The view's pods by name, by UID, and by the UID in their cgroups. */
class ViewIndex {
  readonly #byName = new Map<string, Pod>();
  readonly #byUid = new Map<string, Pod>();
  readonly #byHash = new Map<string, Pod>();
  readonly #twice = new Set<string>();

  constructor(pods: readonly Pod[]) {
    for (const pod of pods) {
      const name = `${pod.namespace}/${pod.name}`;
      if (this.#byName.has(name)) this.#twice.add(name);
      this.#byName.set(name, pod);
      this.#byUid.set(pod.uid.toLowerCase(), pod);
      if (pod.staticPodHash !== undefined) {
        this.#byHash.set(pod.staticPodHash.toLowerCase(), pod);
      }
    }
  }

  /** The pod of this name; undefined when there is none, or when two UIDs share the name for a moment. */
  named(namespace: string, podName: string): Pod | undefined {
    const name = `${namespace}/${podName}`;
    return this.#twice.has(name) ? undefined : this.#byName.get(name);
  }

  withUid(uid: string): Pod | undefined {
    return this.#byUid.get(uid.toLowerCase());
  }

  /** The API's UID for what a cgroup names: a static pod's cgroup has the hash of its manifest. */
  apiUid(cgroupUid: string): string {
    return (this.#byHash.get(cgroupUid) ?? this.#byUid.get(cgroupUid))?.uid ??
      cgroupUid;
  }

  /** The other way round. */
  cgroupUid(uid: string): string {
    return this.withUid(uid)?.staticPodHash?.toLowerCase() ??
      uid.toLowerCase();
  }
}
