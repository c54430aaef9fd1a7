/** Scalers, schedulers and kubelets of the simulated cluster: they make and end pods without asking anybody (A1). @module */

import type {
  SimulatedApi,
  SimulatedNode,
  SimulatedPod,
  SimulatedSide,
} from "../cluster/mod.ts";
import { replicasOf, type SimulatedReplica } from "./replicas.ts";

/** How long things take, milliseconds. */
export interface Delays {
  /** From a pod's creation until its containers start. */
  readonly startMs: number;
  /** From its start, through the gate, until an engine serves. */
  readonly loadMs: number;
  /** How long of that it warms up, and draws as if it worked. */
  readonly warmupMs: number;
  /** From a pod's deletion until its processes are gone. */
  readonly graceMs: number;
  /** From an event to those who watch. */
  readonly watchMs: number;
  /** From a node's silence until its pods are evicted. */
  readonly evictMs: number;
  /** From a write to its answer. */
  readonly answerMs: number;
}

/** One pod's life beyond its object. */
interface Life {
  readonly uid: string;
  readonly createdMs: number;
  /** The template it was made from. */
  readonly revision: number;
  /** When it was given to a node; its kubelet hears of that as late as everybody who watches. */
  boundAtMs: number | undefined;
  endsAtMs: number | undefined;
  runningSinceMs: number | undefined;
  /** All pods of its replica, itself among them: they serve together or not at all. */
  readonly group: readonly Life[];
}

/** Makes as many replicas as the scalers say, each of one pod or of several on nodes of their own. */
export class Controllers {
  readonly #lives = new Map<string, Life>();
  readonly #revisions = new Map<SimulatedSide, number>();
  readonly #silentSince = new Map<string, number>();
  #names = 0;
  /** Versions of the nodes at which it was last seen who runs; undefined: somebody has come, gone or died since. */
  #versions: number | undefined;

  constructor(
    private readonly api: SimulatedApi,
    private readonly nodes: readonly SimulatedNode[],
    private readonly options: {
      readonly gpusPerReplica: Readonly<Partial<Record<SimulatedSide, number>>>;
      /** Pods that share a replica's GPUs evenly. */
      readonly podsPerReplica: number;
      readonly gated: boolean;
      readonly delays: Delays;
    },
  ) {}

  /** Whether the engine that a pod belongs to has been loaded. */
  isServing(uid: string, nowMs: number): boolean {
    const since = this.#runningSinceMs(uid);
    return since !== undefined && nowMs - since >= this.options.delays.loadMs;
  }

  /** Whether it warms up right now. */
  isWarmingUp(uid: string, nowMs: number): boolean {
    const since = this.#runningSinceMs(uid);
    const { warmupMs, loadMs } = this.options.delays;
    return since !== undefined && nowMs - since < Math.min(warmupMs, loadMs);
  }

  /** Since when all pods of a pod's replica have run. */
  #runningSinceMs(uid: string): number | undefined {
    let latest: number | undefined;
    for (const { runningSinceMs } of this.#lives.get(uid)?.group ?? []) {
      if (runningSinceMs === undefined) return undefined;
      latest = Math.max(latest ?? runningSinceMs, runningSinceMs);
    }
    return latest;
  }

  /** One round. */
  act(nowMs: number): void {
    for (const side of this.api.sides()) this.#scale(side, nowMs);
    this.#evictFromSilent(nowMs);
    this.#schedule(nowMs);
    this.#takeBound(nowMs);
    this.#kubelets(nowMs);
    this.#seeWhoRuns(nowMs);
  }

  #seeWhoRuns(nowMs: number): void {
    let versions = 0;
    for (const { version } of this.nodes) versions += version;
    if (versions === this.#versions) return;
    this.#versions = versions;
    for (const life of this.#lives.values()) {
      const runs = this.nodes.some(({ running }) => running.has(life.uid));
      if (!runs) life.runningSinceMs = undefined;
      else life.runningSinceMs ??= nowMs;
    }
  }

  /** The side's template has changed: every pod is to be made anew, one at a time. */
  rollOut(side: SimulatedSide): void {
    this.#revisions.set(side, this.#revisionOf(side) + 1);
  }

  /** A worker dies and its container starts again. */
  killed(uid: string): void {
    const life = this.#lives.get(uid);
    if (life) life.runningSinceMs = undefined;
    this.#versions = undefined;
  }

  /** The pod of a side with this number, oldest first, counted round. */
  pick(side: SimulatedSide, index: number): SimulatedPod | undefined {
    const pods = this.api.pods().filter((one) => one.side === side);
    return pods.length === 0 ? undefined : pods[index % pods.length];
  }

  /** A pod is told to go. */
  evict(uid: string, nowMs: number): void {
    this.api.changePod(uid, { terminating: true });
    const life = this.#lives.get(uid);
    if (life) life.endsAtMs ??= nowMs + this.options.delays.graceMs;
  }

  #revisionOf(side: SimulatedSide): number {
    return this.#revisions.get(side) ?? 0;
  }

  #scale(side: SimulatedSide, nowMs: number): void {
    const wanted = this.api.scaler(side)?.replicas ?? 0;
    const revision = this.#revisionOf(side);
    const live = this.#liveReplicas(side, nowMs);
    const old = live.filter(([first]) =>
      this.#lives.get(first.pod.uid)?.revision !== revision
    );
    if (old.length > 0 && live.length >= wanted) {
      return this.#replace(side, { wanted, live, old, nowMs });
    }
    for (let missing = wanted - live.length; missing > 0; missing--) {
      this.#create(side, nowMs);
    }
    this.#shrink(live, live.length - wanted, nowMs);
  }

  /** Whole replicas of a side; what is left of one that has lost a pod is told to go too. */
  #liveReplicas(side: SimulatedSide, nowMs: number): SimulatedReplica[] {
    const pods = this.api.pods().filter((one) => one.side === side);
    return replicasOf(pods).filter((replica) => {
      const staying = replica.filter(({ pod }) => !pod.terminating);
      if (staying.length === this.options.podsPerReplica) return true;
      for (const { pod } of staying) this.evict(pod.uid, nowMs);
      return false;
    });
  }

  /** A rollout: one more than wanted while an old one is there; the old one goes once the new one serves. */
  #replace(
    side: SimulatedSide,
    { wanted, live, old, nowMs }: {
      readonly wanted: number;
      readonly live: readonly SimulatedReplica[];
      readonly old: readonly SimulatedReplica[];
      readonly nowMs: number;
    },
  ): void {
    const surplus = live.length - wanted;
    if (surplus > 1) return this.#shrink(old, surplus - 1, nowMs);
    if (surplus === 0) {
      if (wanted > 0) this.#create(side, nowMs);
      return;
    }
    const fresh = live.filter((one) => !old.includes(one));
    const ready = fresh.every(([{ pod }]) => this.isServing(pod.uid, nowMs));
    if (ready || wanted === 0) this.#shrink(old, 1, nowMs);
  }

  /** Those that serve least go first: not scheduled, then not running, then the youngest. */
  #shrink(
    replicas: readonly SimulatedReplica[],
    surplus: number,
    nowMs: number,
  ): void {
    if (surplus <= 0) return;
    const worth = (uid: string) =>
      this.#runningSinceMs(uid) === undefined
        ? Infinity
        : this.#lives.get(uid)?.createdMs ?? Infinity;
    const leaving = [...replicas].sort(([{ pod: a }], [{ pod: b }]) =>
      worth(b.uid) - worth(a.uid) || (a.uid < b.uid ? 1 : -1)
    ).slice(0, surplus);
    for (const replica of leaving) {
      for (const { pod } of replica) this.evict(pod.uid, nowMs);
    }
  }

  #create(side: SimulatedSide, nowMs: number): void {
    const { gpusPerReplica, podsPerReplica, gated } = this.options;
    const replica = `${side}-${++this.#names}`;
    this.#versions = undefined;
    const group: Life[] = [];
    for (let rank = 0; rank < podsPerReplica; rank++) {
      const name = podsPerReplica === 1 ? replica : `${replica}-${rank}`;
      const uid = `uid-${name}`;
      const life: Life = {
        uid,
        createdMs: nowMs,
        revision: this.#revisionOf(side),
        boundAtMs: undefined,
        endsAtMs: undefined,
        runningSinceMs: undefined,
        group,
      };
      group.push(life);
      this.#lives.set(uid, life);
      this.api.createPod({
        side,
        replica,
        gpus: (gpusPerReplica[side] ?? 1) / podsPerReplica,
        pod: {
          namespace: "simulated",
          name,
          uid,
          staticPodHash: undefined,
          resourceVersion: "0",
          nodeName: undefined,
          phase: "Pending",
          terminating: false,
          powerLimit: undefined,
          powerGrant: undefined,
          gpuContainers: ["main"],
          gated,
        },
      });
    }
  }

  /** Pods of a replica are placed together, on nodes of their own where there are enough, or not yet. */
  #schedule(nowMs: number): void {
    const waiting = this.api.pods().filter(({ pod }) =>
      pod.nodeName === undefined && !pod.terminating
    );
    if (waiting.length === 0) return;
    for (const replica of replicasOf(waiting)) {
      const [{ pod: first }] = replica;
      const life = this.#lives.get(first.uid);
      if (!life || nowMs - life.createdMs < this.options.delays.startMs) {
        continue;
      }
      const nodes = this.#nodesFor(replica);
      if (!nodes) continue;
      for (const [index, { pod }] of replica.entries()) {
        const bound = this.#lives.get(pod.uid);
        if (bound) bound.boundAtMs = nowMs;
        this.api.changePod(pod.uid, {
          nodeName: nodes[index]!.facts.name,
          phase: "Running",
        });
      }
    }
  }

  /** A node for each pod; undefined: they do not all fit. */
  #nodesFor(replica: SimulatedReplica): SimulatedNode[] | undefined {
    const taken = new Map<SimulatedNode, number>();
    const nodes: SimulatedNode[] = [];
    for (const { gpus } of replica) {
      const fitting = this.nodes.filter((node) =>
        node.kubeletHears &&
        node.freeGpus().length - this.#boundGpus(node) -
              (taken.get(node) ?? 0) >= gpus
      );
      const node = fitting.find((one) => !taken.has(one)) ?? fitting[0];
      if (!node) return undefined;
      taken.set(node, (taken.get(node) ?? 0) + gpus);
      nodes.push(node);
    }
    return nodes;
  }

  /** GPUs of pods that a node has been given and has not taken yet. */
  #boundGpus(node: SimulatedNode): number {
    return this.api.pods().reduce(
      (sum, { pod, gpus }) =>
        pod.nodeName === node.facts.name && !node.sandboxes.has(pod.uid)
          ? sum + gpus
          : sum,
      0,
    );
  }

  /** Kubelets start what they have been given, once they have heard of it. */
  #takeBound(nowMs: number): void {
    const { watchMs } = this.options.delays;
    for (const { pod, gpus } of this.api.pods()) {
      const life = this.#lives.get(pod.uid);
      if (life?.boundAtMs === undefined || pod.terminating) continue;
      const node = this.nodes.find(({ facts }) => facts.name === pod.nodeName);
      if (!node?.kubeletHears || node.sandboxes.has(pod.uid)) continue;
      if (nowMs - life.boundAtMs >= watchMs) node.place(pod, gpus);
    }
  }

  /** The node controller: a node that says nothing loses its pods; they stay until it answers. */
  #evictFromSilent(nowMs: number): void {
    for (const node of this.nodes) {
      const { name } = node.facts;
      if (node.kubeletHears || node.faults.has("api_down")) {
        this.#silentSince.delete(name);
        continue;
      }
      const since = this.#silentSince.get(name) ?? nowMs;
      this.#silentSince.set(name, since);
      if (nowMs - since < this.options.delays.evictMs) continue;
      for (const { pod } of this.api.pods()) {
        if (pod.nodeName === name && !pod.terminating) {
          this.api.changePod(pod.uid, { terminating: true });
        }
      }
    }
  }

  /** Its kubelet has it, or does not say. */
  #isOnNode({ uid, nodeName }: SimulatedPod["pod"]): boolean {
    const node = this.nodes.find(({ facts }) => facts.name === nodeName);
    return node !== undefined &&
      (!node.kubeletHears || node.sandboxes.has(uid));
  }

  /** Kubelets end what is told to go, or what has no object any more, after its grace period. */
  #kubelets(nowMs: number): void {
    const { graceMs } = this.options.delays;
    for (const node of this.nodes) {
      if (!node.kubeletHears) continue;
      for (const uid of node.sandboxes.keys()) {
        const life = this.#lives.get(uid);
        const known = this.api.pod(uid);
        if (!life || known && !known.pod.terminating) continue;
        life.endsAtMs ??= nowMs + graceMs;
        if (nowMs < life.endsAtMs) continue;
        node.stop(uid);
        this.#forget(life);
      }
    }
    for (const { pod } of this.api.pods()) {
      const life = this.#lives.get(pod.uid);
      if (!pod.terminating || !life || this.#isOnNode(pod)) continue;
      life.endsAtMs ??= nowMs + graceMs;
      if (nowMs < life.endsAtMs) continue;
      this.#forget(life);
    }
  }

  #forget(life: Life): void {
    this.api.removePod(life.uid);
    this.#lives.delete(life.uid);
    // Its replica lacks a pod from now on.
    life.runningSinceMs = undefined;
  }
}
