/** Scalers, schedulers and kubelets of the simulated cluster: they make and end pods without asking anybody (A1). @module */

import type {
  SimulatedApi,
  SimulatedNode,
  SimulatedPod,
  SimulatedSide,
} from "../cluster/mod.ts";

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
}

/** Makes as many replicas as the scalers say; one pod a replica. */
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
      readonly gated: boolean;
      readonly delays: Delays;
    },
  ) {}

  /** Whether a pod's engine has been loaded. */
  isServing(uid: string, nowMs: number): boolean {
    const since = this.#lives.get(uid)?.runningSinceMs;
    return since !== undefined && nowMs - since >= this.options.delays.loadMs;
  }

  /** Whether it loads its model right now. */
  isLoading(uid: string, nowMs: number): boolean {
    const since = this.#lives.get(uid)?.runningSinceMs;
    return since !== undefined && !this.isServing(uid, nowMs);
  }

  /** Whether it warms up right now. */
  isWarmingUp(uid: string, nowMs: number): boolean {
    const since = this.#lives.get(uid)?.runningSinceMs;
    const { warmupMs, loadMs } = this.options.delays;
    return since !== undefined && nowMs - since < Math.min(warmupMs, loadMs);
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
    const live = this.api.pods().filter((one) =>
      one.side === side && !one.pod.terminating
    );
    const old = live.filter(({ pod }) =>
      this.#lives.get(pod.uid)?.revision !== revision
    );
    if (old.length > 0 && live.length >= wanted) {
      return this.#replace(side, { wanted, live, old, nowMs });
    }
    for (let missing = wanted - live.length; missing > 0; missing--) {
      this.#create(side, nowMs);
    }
    this.#shrink(live, live.length - wanted, nowMs);
  }

  /** A rollout: one more than wanted while an old one is there; the old one goes once the new one serves. */
  #replace(
    side: SimulatedSide,
    { wanted, live, old, nowMs }: {
      readonly wanted: number;
      readonly live: readonly SimulatedPod[];
      readonly old: readonly SimulatedPod[];
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
    const ready = fresh.every(({ pod }) => this.isServing(pod.uid, nowMs));
    if (ready || wanted === 0) this.#shrink(old, 1, nowMs);
  }

  /** Those that serve least go first: not scheduled, then not running, then the youngest. */
  #shrink(
    pods: readonly SimulatedPod[],
    surplus: number,
    nowMs: number,
  ): void {
    if (surplus <= 0) return;
    const worth = (uid: string) => {
      const life = this.#lives.get(uid);
      return life?.runningSinceMs === undefined ? Infinity : life.createdMs;
    };
    const leaving = [...pods].sort((a, b) =>
      worth(b.pod.uid) - worth(a.pod.uid) || (a.pod.uid < b.pod.uid ? 1 : -1)
    ).slice(0, surplus);
    for (const { pod } of leaving) this.evict(pod.uid, nowMs);
  }

  #create(side: SimulatedSide, nowMs: number): void {
    const name = `${side}-${++this.#names}`;
    const uid = `uid-${name}`;
    this.#versions = undefined;
    this.#lives.set(uid, {
      uid,
      createdMs: nowMs,
      revision: this.#revisionOf(side),
      boundAtMs: undefined,
      endsAtMs: undefined,
      runningSinceMs: undefined,
    });
    this.api.createPod({
      side,
      replica: name,
      gpus: this.options.gpusPerReplica[side] ?? 1,
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
        gated: this.options.gated,
      },
    });
  }

  #schedule(nowMs: number): void {
    for (const { pod, gpus } of this.api.pods()) {
      if (pod.nodeName !== undefined || pod.terminating) continue;
      const life = this.#lives.get(pod.uid);
      if (!life || nowMs - life.createdMs < this.options.delays.startMs) {
        continue;
      }
      const node = this.nodes.find((one) =>
        one.kubeletHears && one.freeGpus().length - this.#boundGpus(one) >= gpus
      );
      if (!node) continue;
      life.boundAtMs = nowMs;
      this.api.changePod(pod.uid, {
        nodeName: node.facts.name,
        phase: "Running",
      });
    }
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
        this.api.removePod(uid);
        this.#lives.delete(uid);
      }
    }
    for (const { pod } of this.api.pods()) {
      const life = this.#lives.get(pod.uid);
      if (!pod.terminating || !life || this.#isOnNode(pod)) continue;
      life.endsAtMs ??= nowMs + graceMs;
      if (nowMs < life.endsAtMs) continue;
      this.api.removePod(pod.uid);
      this.#lives.delete(pod.uid);
    }
  }
}
