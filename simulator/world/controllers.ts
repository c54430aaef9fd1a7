/** Scalers and schedulers of the simulated cluster: they make and end pods without asking anybody (A1). @module */

import type {
  SimulatedApi,
  SimulatedNode,
  SimulatedSide,
} from "../cluster/mod.ts";

/** How long things take, milliseconds. */
export interface Delays {
  /** From a pod's creation until its containers start. */
  readonly startMs: number;
  /** From its start, through the gate, until an engine serves. */
  readonly loadMs: number;
  /** From a pod's deletion until its processes are gone. */
  readonly graceMs: number;
  /** From an event to those who watch. */
  readonly watchMs: number;
}

/** One pod's life beyond its object. */
interface Life {
  readonly uid: string;
  readonly createdMs: number;
  endsAtMs: number | undefined;
  runningSinceMs: number | undefined;
}

/** Makes as many replicas as the scalers say; one pod a replica. */
export class Controllers {
  readonly #lives = new Map<string, Life>();
  #names = 0;

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

  /** One round. */
  act(nowMs: number): void {
    for (const side of this.api.sides()) this.#scale(side, nowMs);
    this.#schedule(nowMs);
    this.#end(nowMs);
    for (const life of this.#lives.values()) {
      const runs = this.nodes.some(({ running }) => running.has(life.uid));
      if (!runs) life.runningSinceMs = undefined;
      else life.runningSinceMs ??= nowMs;
    }
  }

  #scale(side: SimulatedSide, nowMs: number): void {
    const wanted = this.api.scaler(side)?.replicas ?? 0;
    const live = this.api.pods().filter((one) =>
      one.side === side && !one.pod.terminating
    );
    for (let missing = wanted - live.length; missing > 0; missing--) {
      this.#create(side, nowMs);
    }
    // Those that serve least go first: not scheduled, then not running, then the youngest.
    const surplus = live.length - wanted;
    if (surplus <= 0) return;
    const worth = (uid: string) => {
      const life = this.#lives.get(uid);
      return life?.runningSinceMs === undefined ? Infinity : life.createdMs;
    };
    const leaving = [...live].sort((a, b) =>
      worth(b.pod.uid) - worth(a.pod.uid) || (a.pod.uid < b.pod.uid ? 1 : -1)
    ).slice(0, surplus);
    for (const { pod } of leaving) this.evict(pod.uid, nowMs);
  }

  /** A pod is told to go. */
  evict(uid: string, nowMs: number): void {
    this.api.changePod(uid, { terminating: true });
    const life = this.#lives.get(uid);
    if (life) life.endsAtMs ??= nowMs + this.options.delays.graceMs;
  }

  #create(side: SimulatedSide, nowMs: number): void {
    const name = `${side}-${++this.#names}`;
    const uid = `uid-${name}`;
    this.#lives.set(uid, {
      uid,
      createdMs: nowMs,
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
      const created = this.#lives.get(pod.uid)?.createdMs ?? 0;
      if (nowMs - created < this.options.delays.startMs) continue;
      const node = this.nodes.find((one) => one.freeGpus().length >= gpus);
      if (!node) continue;
      this.api.changePod(pod.uid, {
        nodeName: node.facts.name,
        phase: "Running",
      });
      const placed = this.api.pod(pod.uid);
      if (placed) node.place(placed.pod, gpus);
    }
  }

  #end(nowMs: number): void {
    for (const life of this.#lives.values()) {
      if (life.endsAtMs === undefined || nowMs < life.endsAtMs) continue;
      for (const node of this.nodes) node.stop(life.uid);
      this.api.removePod(life.uid);
      this.#lives.delete(life.uid);
    }
  }
}
