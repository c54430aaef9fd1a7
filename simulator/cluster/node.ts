/** A simulated node: hardware, kubelet, and the agent on it. @module */

import type { GpuEntry } from "../../agent/rules/mod.ts";
import type { Pod } from "../../cluster/mod.ts";
import { ActiveFaults } from "../faults/mod.ts";
import type { SimulatedApi } from "./api.ts";
import { NodeAgent } from "./node_agent.ts";
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
  /** Management limit, watts. What is enforced lies below it while the hardware throttles. */
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
  /** Root's limit, and the one that it took the place of: an excess outside the claim (A2) while it stands. */
  foreign:
    | { readonly watts: number; readonly insteadOfWatts: number }
    | undefined;
  /** What root has ever set: a release goes back to the one that the agent's first cap found, a later one may have followed it. */
  readonly rootWatts: Set<number>;
}

/** A node. Passes happen when the world says so. */
export class SimulatedNode {
  readonly gpus: NodeGpu[];
  /** Pods with a process on this node beyond the gate. */
  readonly running = new Set<string>();
  /** Pods whose sandbox is on the node, in the gate or beyond. */
  readonly sandboxes = new Map<string, Pod>();
  /** The agent runs, unless a fault has it down. */
  agentUp = true;
  /** The agent reaches the API server, unless a fault cuts it off. */
  connected = true;
  #boot = 1;
  #off = false;
  #version = 0;
  readonly #agent: NodeAgent;

  constructor(
    readonly facts: NodeFacts,
    private readonly api: SimulatedApi,
    readonly faults: ActiveFaults = new ActiveFaults(),
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
      foreign: undefined,
      rootWatts: new Set(),
    }));
    this.#agent = new NodeAgent(this, api);
  }

  /** Grows with whatever may change which limits count, and how much: GPUs, pods on them, records. */
  get version(): number {
    return this.#version;
  }

  /** Called by whoever changes something of it. */
  changed(): void {
    this.#version++;
  }

  get bootId(): string {
    return `${this.facts.name}-boot-${this.#boot}`;
  }

  get view(): WatchedView {
    return this.#agent.view;
  }

  /** The agent's process runs. */
  get agentRuns(): boolean {
    return this.agentUp && !this.faults.agentIsDown(this.facts.name);
  }

  /** The agent reaches the API server. */
  get agentHears(): boolean {
    return this.connected && !this.faults.agentIsCutOff(this.facts.name);
  }

  /** The kubelet reaches the API server. */
  get kubeletHears(): boolean {
    return !this.#off && !this.faults.has("api_down") &&
      !this.faults.nodeIsSilent(this.facts.name);
  }

  /** Power is off: nothing runs, nothing draws. */
  get isOff(): boolean {
    return this.#off;
  }

  /** GPUs that no pod has. */
  freeGpus(): NodeGpu[] {
    return this.gpus.filter(({ podUid }) => podUid === undefined);
  }

  gpusOf(uid: string): NodeGpu[] {
    return this.gpus.filter(({ podUid }) => podUid === uid);
  }

  /** What the hardware lets a GPU draw: its limit, or less while it throttles. */
  enforcedWatts(gpu: NodeGpu): number {
    const share = this.faults.thermalShare(this.facts.name, gpu.index);
    return share < 1
      ? Math.min(gpu.limitWatts, share * this.facts.maxWatts)
      : gpu.limitWatts;
  }

  // ── Kubelet ───────────────────────────────────────────────────────────────────────────────────────────────────

  /** Places a pod: allocates GPUs and starts its sandbox; a pod without the gate runs at once. */
  place(pod: Pod, gpus: number): boolean {
    const free = this.freeGpus().slice(0, gpus);
    if (free.length < gpus) return false;
    for (const gpu of free) gpu.podUid = pod.uid;
    this.sandboxes.set(pod.uid, pod);
    if (!pod.gated) this.running.add(pod.uid);
    this.#stir();
    return true;
  }

  /** The pod's last process ends and its cgroup goes. */
  stop(uid: string): void {
    if (!this.sandboxes.delete(uid)) return;
    this.running.delete(uid);
    for (const gpu of this.gpusOf(uid)) gpu.podUid = undefined;
    this.#stir();
  }

  /** A container restarts in place: it is in the gate again, or runs again without one. */
  restart(uid: string): void {
    if (this.sandboxes.get(uid)?.gated) this.running.delete(uid);
    this.#stir();
  }

  #stir(): void {
    this.changed();
    this.#agent.stir();
  }

  // ── Hardware ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing runs any more. */
  powerOff(): void {
    this.#off = true;
    this.running.clear();
    this.changed();
  }

  /** Limits are back at default, starts stand at their gates, the record survives; the agent starts. */
  boot(): void {
    this.changed();
    this.#off = false;
    this.#boot++;
    for (const gpu of this.gpus) {
      gpu.foreign = undefined;
      gpu.limitWatts = this.facts.prearm
        ? this.facts.safeDefaultWatts
        : this.facts.defaultWatts;
    }
    this.running.clear();
    for (const [uid, { gated }] of this.sandboxes) {
      if (!gated) this.running.add(uid);
    }
    this.restartAgent();
  }

  /** Off and on again in one instant. */
  reboot(): void {
    this.powerOff();
    this.boot();
  }

  /** The driver forgets one GPU's limit; its worker dies. */
  resetGpu(index: number): void {
    const gpu = this.gpus[index];
    if (!gpu) return;
    this.changed();
    gpu.limitWatts = this.facts.defaultWatts;
    gpu.foreign = undefined;
    if (gpu.podUid !== undefined) this.restart(gpu.podUid);
  }

  /** The device takes a limit, or refuses it. @returns whether the call succeeded; what was taken is read back */
  setLimit(gpu: NodeGpu, watts: number): boolean {
    if (gpu.stuck || this.faults.refuses(this.facts.name, gpu.index)) {
      return false;
    }
    const taken = this.faults.clamped(this.facts.name, watts);
    if (gpu.limitWatts === taken) return true;
    // A device that takes more than it was told is outside the claim, as root is (A2).
    const before = gpu.foreign?.insteadOfWatts ?? gpu.limitWatts;
    gpu.foreign = taken > Math.max(watts, before)
      ? { watts: taken, insteadOfWatts: Math.max(watts, before) }
      : undefined;
    gpu.limitWatts = taken;
    this.changed();
    return true;
  }

  /** Root sets a limit, within what the device takes (A2). */
  setForeign(index: number, watts: number): void {
    const gpu = this.gpus[index];
    if (!gpu || this.#off) return;
    const { minWatts, maxWatts } = this.facts;
    const set = Math.min(maxWatts, Math.max(minWatts, watts));
    gpu.rootWatts.add(set);
    if (set === gpu.limitWatts) return;
    const insteadOfWatts = gpu.foreign?.insteadOfWatts ?? gpu.limitWatts;
    gpu.foreign = { watts: set, insteadOfWatts };
    gpu.limitWatts = set;
    this.changed();
  }

  // ── Agent ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The agent starts anew, with its record. */
  restartAgent(): void {
    this.agentUp = true;
    this.#agent.restart({ recordLost: false });
  }

  /** The agent starts anew and finds no record (C22). */
  loseRecord(): void {
    for (const gpu of this.gpus) gpu.entry = undefined;
    this.changed();
    this.agentUp = true;
    this.#agent.restart({ recordLost: true });
  }

  /** The agent dies in its next pass, between a device's write and its record. */
  crashInPass(nowMs: number): void {
    if (this.agentRuns) this.#agent.crashInPass(nowMs);
  }

  /** Whether a pass would find anything new: an event, a limit that has moved, a grace time, a heartbeat. */
  isDue(nowMs: number): boolean {
    return this.#agent.isDue(nowMs);
  }

  /** The API server has told the agent something. */
  hear(): void {
    this.#agent.hear();
  }

  /** One pass: decide, enforce, record, then open gates. @returns whether anything changed */
  pass(nowMs: number): boolean {
    return this.agentRuns && this.#agent.pass(nowMs);
  }

  /** Whether the pod's next start needs no new decision of anybody (C21). */
  mayOpen(uid: string): boolean {
    return this.#agent.mayOpen(uid);
  }

  /** Pods that are somebody else's, on this node. */
  strangers(): readonly Pod[] {
    return this.api.strangers.filter(({ nodeName }) =>
      nodeName === this.facts.name
    );
  }
}
