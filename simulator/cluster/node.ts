/** A simulated node: kubelet, hardware, and an agent that decides by the real agent's rules (C18–C24). @module */

import {
  decide,
  type Decision,
  gateStateOf,
  type GpuEntry,
  type GpuLimits,
  type GpuOwnership,
  ourWatts,
  type Owner,
  ownersOf,
  type Situation,
  vacated,
} from "../../agent/rules/mod.ts";
import type {
  GpuPowerReport,
  NodePowerReport,
  Pod,
} from "../../cluster/mod.ts";
import type { SimulatedApi } from "./api.ts";
import type { WatchedView } from "./watched_view.ts";

/** What a node's hardware is. */
export interface NodeFacts {
  readonly name: string;
  readonly gpus: number;
  readonly model: string;
  readonly minWatts: number;
  readonly maxWatts: number;
  readonly defaultWatts: number;
  readonly safeDefaultWatts: number;
  /** Idle GPUs are held at the safe default from boot on. */
  readonly prearm: boolean;
}

/** One GPU. */
export interface NodeGpu {
  readonly uuid: string;
  readonly index: number;
  /** Management and enforced limit alike. */
  limitWatts: number;
  /** UID of the pod that the kubelet has given it to. */
  podUid: string | undefined;
  entry: GpuEntry | undefined;
  /** Since when C24 holds without a gap. */
  vacatedSinceMs: number | undefined;
  drawWatts: number;
  /** Share of time in which the cap held clocks down. */
  cappedShare: number;
  /** NVML refuses to set a limit. */
  stuck: boolean;
}

/** Time that all of C24 must hold. */
const FREE_AFTER_MS = 5_000;
/** A report is sent this often when nothing happens. */
const HEARTBEAT_MS = 10_000;

/** A node. Passes happen when the world says so. */
export class SimulatedNode {
  readonly gpus: NodeGpu[];
  /** Pods with a process on this node beyond the gate. */
  readonly running = new Set<string>();
  /** Pods whose sandbox is on the node, in the gate or beyond. */
  readonly sandboxes = new Map<string, Pod>();
  /** The agent runs; its reports reach the API server. */
  agentUp = true;
  /** The agent reaches the API server. */
  connected = true;
  /** The record was lost and no consistent LIST has come since (C22). */
  #recordLost = false;
  #boot = 1;
  #sequence = 0;
  #view: WatchedView;
  #essence = "";
  #reportedAtMs = -Infinity;
  #passedAtMs = -Infinity;
  /** Something has happened on the node since the last pass. */
  #stirred = true;
  /** Limits as the last pass left them: one that has moved is a reason for another (C20). */
  #limitsLeft: readonly number[] = [];

  constructor(
    readonly facts: NodeFacts,
    private readonly api: SimulatedApi,
  ) {
    this.gpus = Array.from({ length: facts.gpus }, (_, index) => ({
      uuid: `GPU-${facts.name}-${index}`,
      index,
      limitWatts: facts.defaultWatts,
      podUid: undefined,
      entry: undefined,
      vacatedSinceMs: undefined,
      drawWatts: 0,
      cappedShare: 0,
      stuck: false,
    }));
    this.#view = api.watch();
  }

  get bootId(): string {
    return `${this.facts.name}-boot-${this.#boot}`;
  }

  get view(): WatchedView {
    return this.#view;
  }

  /** GPUs that no pod has. */
  freeGpus(): NodeGpu[] {
    return this.gpus.filter(({ podUid }) => podUid === undefined);
  }

  gpusOf(uid: string): NodeGpu[] {
    return this.gpus.filter(({ podUid }) => podUid === uid);
  }

  // ── Kubelet ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Places a pod: allocates GPUs and starts its sandbox; a pod without the gate runs at once. */
  place(pod: Pod, gpus: number): boolean {
    const free = this.freeGpus().slice(0, gpus);
    if (free.length < gpus) return false;
    for (const gpu of free) gpu.podUid = pod.uid;
    this.sandboxes.set(pod.uid, pod);
    if (!pod.gated) this.running.add(pod.uid);
    this.#stirred = true;
    return true;
  }

  /** The pod's last process ends and its cgroup goes. */
  stop(uid: string): void {
    if (!this.sandboxes.delete(uid)) return;
    this.running.delete(uid);
    for (const gpu of this.gpusOf(uid)) gpu.podUid = undefined;
    this.#stirred = true;
  }

  /** A container restarts in place: it is in the gate again, or runs again without one. */
  restart(uid: string): void {
    if (this.sandboxes.get(uid)?.gated) this.running.delete(uid);
    this.#stirred = true;
  }

  // ── Faults ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Limits are back at default, pods in their gates, the record survives; the agent comes back with a LIST. */
  reboot(): void {
    this.#boot++;
    for (const gpu of this.gpus) {
      gpu.limitWatts = this.facts.prearm
        ? this.facts.safeDefaultWatts
        : this.facts.defaultWatts;
    }
    for (const [uid, { gated }] of this.sandboxes) {
      if (gated) this.running.delete(uid);
    }
    this.restartAgent();
  }

  /** The driver forgets one GPU's limit; its worker dies. */
  resetGpu(index: number): void {
    const gpu = this.gpus[index];
    if (!gpu) return;
    gpu.limitWatts = this.facts.defaultWatts;
    if (gpu.podUid !== undefined) this.restart(gpu.podUid);
  }

  /** The agent starts anew: a LIST, and its record. */
  restartAgent(): void {
    this.agentUp = true;
    this.#view[Symbol.dispose]();
    this.#view = this.api.watch();
    this.#recordLost = false;
    this.#essence = "";
    this.#stirred = true;
    for (const gpu of this.gpus) gpu.vacatedSinceMs = undefined;
  }

  // ── Agent ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether a pass would find anything new: an event, a limit that has moved, a grace time, a heartbeat. */
  isDue(nowMs: number): boolean {
    return this.#stirred || nowMs - this.#passedAtMs >= HEARTBEAT_MS ||
      this.gpus.some(({ limitWatts, vacatedSinceMs, index, stuck }) =>
        stuck || limitWatts !== this.#limitsLeft[index] ||
        vacatedSinceMs !== undefined &&
          nowMs - vacatedSinceMs >= FREE_AFTER_MS &&
          this.#passedAtMs - vacatedSinceMs < FREE_AFTER_MS
      );
  }

  /** The API server has told the agent something. */
  stir(): void {
    this.#stirred = true;
  }

  /** One pass: decide, enforce, record, then open gates. @returns whether anything changed */
  pass(nowMs: number): boolean {
    if (!this.agentUp) return false;
    const pods = new Map(
      this.#view.pods().filter(({ pod }) => pod.nodeName === this.facts.name)
        .map(({ pod }) => [pod.uid, pod]),
    );
    const decisions = new Map<string, Decision>();
    // Lowers first, as the real agent does.
    const todo = this.gpus.map((gpu) => {
      const decision = decide(this.#situation(gpu, pods, nowMs), {
        safeDefaultWatts: this.facts.safeDefaultWatts,
        conflictPolicy: "min",
        prearm: this.facts.prearm,
      });
      decisions.set(gpu.uuid, decision);
      return { gpu, decision };
    });
    for (const { gpu, decision } of todo) this.#enforce(gpu, decision);
    this.#openGates(pods);
    this.#passedAtMs = nowMs;
    this.#limitsLeft = this.gpus.map(({ limitWatts }) => limitWatts);
    this.#stirred = false;
    return this.#report(pods, decisions, nowMs);
  }

  #situation(
    gpu: NodeGpu,
    pods: ReadonlyMap<string, Pod>,
    nowMs: number,
  ): Situation {
    const situation: Situation = {
      uuid: gpu.uuid,
      limits: this.#limits(gpu),
      ownership: this.#ownership(gpu),
      entry: gpu.entry,
      pods,
      view: {
        freshness: { kind: "fresh", ageMs: 0 },
        consistent: true,
      },
      recordIntact: !this.#recordLost,
      departing: new Map(
        ownersOf(gpu.entry).map(({ uid }) => [
          uid,
          this.sandboxes.has(uid) ? "present" : "gone",
        ]),
      ),
      hint: undefined,
      vacatedLongEnough: false,
    };
    if (!vacated(situation)) {
      gpu.vacatedSinceMs = undefined;
      return situation;
    }
    gpu.vacatedSinceMs ??= nowMs;
    const held = nowMs - gpu.vacatedSinceMs >= FREE_AFTER_MS;
    return { ...situation, vacatedLongEnough: held };
  }

  #limits({ limitWatts }: NodeGpu): GpuLimits {
    const { minWatts, maxWatts, defaultWatts } = this.facts;
    return {
      managementWatts: limitWatts,
      enforcedWatts: limitWatts,
      defaultWatts,
      minWatts,
      maxWatts,
    };
  }

  #ownership({ podUid }: NodeGpu): GpuOwnership {
    const pod = podUid === undefined ? undefined : this.sandboxes.get(podUid);
    if (podUid === undefined || !pod) {
      return {
        attribution: { kind: "nobody" },
        pids: [],
        allocation: "none",
        notes: [],
      };
    }
    const evidence = this.running.has(podUid) ? "both" : "kubelet";
    const { namespace, name } = pod;
    return {
      attribution: {
        kind: "pods",
        pods: [{ uid: podUid, namespace, name, evidence }],
      },
      pids: [],
      allocation: "allocated",
      notes: [],
    };
  }

  /** C19, C20: set, read back, record; a limit that differs from the record is set again. */
  #enforce(gpu: NodeGpu, decision: Decision): void {
    switch (decision.kind) {
      case "untouched":
      case "refuse":
        return;
      case "keep":
        if (gpu.limitWatts > decision.watts || decision.mayRaise) {
          this.#set(gpu, decision.watts);
        }
        return;
      case "cap":
        if (!this.#set(gpu, decision.watts)) return;
        gpu.entry = {
          uuid: gpu.uuid,
          beforeWatts: gpu.entry?.beforeWatts ?? this.facts.defaultWatts,
          applied: {
            cause: decision.cause,
            owners: decision.owners,
            watts: gpu.limitWatts,
            bootId: this.bootId,
          },
        };
        return;
      case "release": {
        const ours = gpu.entry ? ourWatts(gpu.entry) : [];
        if (ours.includes(gpu.limitWatts) && decision.watts !== undefined) {
          if (!this.#set(gpu, decision.watts)) return;
        }
        gpu.entry = undefined;
      }
    }
  }

  #set(gpu: NodeGpu, watts: number): boolean {
    if (gpu.limitWatts === watts) return true;
    if (gpu.stuck) return false;
    gpu.limitWatts = watts;
    return true;
  }

  /** C21: every GPU's record has watts for this pod, and the limit read now is within them. */
  #openGates(pods: ReadonlyMap<string, Pod>): void {
    for (const [uid, sandbox] of this.sandboxes) {
      if (this.running.has(uid) || pods.get(uid)?.terminating) continue;
      if (!sandbox.gated || !this.mayOpen(uid)) continue;
      this.running.add(uid);
      for (const gpu of this.gpusOf(uid)) {
        const { entry } = gpu;
        if (!entry?.applied) continue;
        const owners = entry.applied.owners.map((owner) =>
          owner.uid === uid ? { ...owner, openedBoot: this.bootId } : owner
        );
        gpu.entry = { ...entry, applied: { ...entry.applied, owners } };
      }
    }
  }

  /** Whether the pod's next start needs no new decision of anybody. */
  mayOpen(uid: string): boolean {
    const mine = this.gpusOf(uid);
    return mine.length > 0 && mine.every((gpu) => {
      const owner = ownerOn(gpu, uid);
      return owner?.generation !== undefined && owner.watts > 0 &&
        gpu.limitWatts <= owner.watts;
    });
  }

  #report(
    pods: ReadonlyMap<string, Pod>,
    decisions: ReadonlyMap<string, Decision>,
    nowMs: number,
  ): boolean {
    const gpus = this.gpus.map((gpu): GpuPowerReport =>
      this.#gpuReport(gpu, pods, decisions.get(gpu.uuid)!)
    );
    const essence = JSON.stringify(
      gpus.map(({ drawWatts: _draw, powerCappedShare: _share, ...rest }) =>
        rest
      ),
    );
    const due = nowMs - this.#reportedAtMs >= HEARTBEAT_MS;
    if (!this.connected || essence === this.#essence && !due) return false;
    const changed = essence !== this.#essence;
    this.#essence = essence;
    this.#reportedAtMs = nowMs;
    const report: NodePowerReport = {
      nodeName: this.facts.name,
      observedAt: new Date(nowMs),
      agentVersion: "simulated",
      bootId: this.bootId,
      driverSession: `${this.bootId}-1`,
      safeDefaultWatts: this.facts.safeDefaultWatts,
      sequence: ++this.#sequence,
      gpus,
    };
    this.api.publish(report);
    return changed;
  }

  #gpuReport(
    gpu: NodeGpu,
    pods: ReadonlyMap<string, Pod>,
    decision: Decision,
  ): GpuPowerReport {
    const { facts } = this;
    const uid = decision.pod?.uid;
    const owner = uid === undefined ? undefined : ownerOn(gpu, uid);
    const placed = uid !== undefined && gpu.podUid === uid
      ? this.running.has(uid) ? "both" as const : "kubelet" as const
      : undefined;
    return {
      uuid: gpu.uuid,
      index: gpu.index,
      model: facts.model,
      minWatts: facts.minWatts,
      maxWatts: facts.maxWatts,
      defaultWatts: facts.defaultWatts,
      requestedWatts: decision.requestedWatts,
      effectiveWatts: gpu.limitWatts,
      limitWatts: gpu.limitWatts,
      drawWatts: gpu.drawWatts,
      powerCappedShare: gpu.cappedShare,
      appliedGeneration: owner?.generation,
      occupancy: decision.occupancy,
      gate: gateStateOf({
        pod: uid === undefined ? undefined : pods.get(uid),
        owner,
        placed,
        bootId: this.bootId,
      }),
      persistenceMode: true,
      pod: decision.pod,
      state: stateOf(gpu, decision),
      reason: decision.reason,
    };
  }
}

function ownerOn({ entry }: NodeGpu, uid: string): Owner | undefined {
  return entry?.applied?.owners.find((owner) => owner.uid === uid);
}

function stateOf(gpu: NodeGpu, decision: Decision): GpuPowerReport["state"] {
  switch (decision.kind) {
    case "untouched":
      return "unmanaged";
    case "refuse":
      return "refused";
    case "release":
      return "released";
    case "keep":
    case "cap":
      if (gpu.limitWatts !== decision.watts) return "refused";
      return gpu.entry?.applied?.cause === "prearm" ? "prearmed" : "enforced";
  }
}
