/** The faults that are on right now. What they do is read off the set, so the end of one never ends another. @module */

import {
  type BiasSignal,
  courseAt,
  endOf,
  type Fault,
  type FaultOf,
  type ForbiddenWrite,
  type Watched,
  type Watcher,
} from "./fault.ts";

/** A set of faults, asked by whoever they concern. */
export class ActiveFaults {
  readonly #byKind = new Map<Fault["kind"], Fault[]>();
  /** Nodes that a person has declared dead, and that have not come back since. */
  readonly #declaredDead = new Set<string>();

  begin(fault: Fault): void {
    const known = this.#byKind.get(fault.kind);
    if (known) known.push(fault);
    else this.#byKind.set(fault.kind, [fault]);
    if (fault.kind === "node_lost" && fault.outOfService) {
      this.#declaredDead.add(fault.node);
    }
  }

  end(fault: Fault): void {
    const known = this.#byKind.get(fault.kind);
    const at = known?.indexOf(fault) ?? -1;
    if (!known || at < 0) return;
    known.splice(at, 1);
    if (known.length === 0) this.#byKind.delete(fault.kind);
    if (
      (fault.kind === "node_lost" || fault.kind === "node_reboot") &&
      !this.nodeIsDown(fault.node)
    ) this.#declaredDead.delete(fault.node);
  }

  /** Whether nothing is wrong. */
  get none(): boolean {
    return this.#byKind.size === 0;
  }

  all<Kind extends Fault["kind"]>(kind: Kind): readonly FaultOf<Kind>[] {
    // Put in by its own kind.
    return (this.#byKind.get(kind) ?? NONE) as readonly FaultOf<Kind>[];
  }

  has(kind: Fault["kind"]): boolean {
    return this.#byKind.size > 0 && this.#byKind.has(kind);
  }

  /** Whether a fault of this kind is on at this node. */
  isAt(
    kind:
      | "agent_down"
      | "agent_cut_off"
      | "devices_freed_early"
      | "node_silent"
      | "node_reboot"
      | "node_lost",
    node: string,
  ): boolean {
    return this.has(kind) &&
      this.all(kind).some((fault) => fault.node === node);
  }

  /** The agent's process does not run. */
  agentIsDown(node: string): boolean {
    return this.isAt("agent_down", node) || this.nodeIsDown(node);
  }

  /** Nothing runs on the node. */
  nodeIsDown(node: string): boolean {
    return this.isAt("node_reboot", node) || this.isAt("node_lost", node);
  }

  /** The node's kubelet and agent reach nobody. */
  nodeIsSilent(node: string): boolean {
    return this.isAt("node_silent", node) || this.nodeIsDown(node);
  }

  /** The agent has no API server. */
  agentIsCutOff(node: string): boolean {
    return this.has("api_down") || this.isAt("agent_cut_off", node) ||
      this.isAt("node_silent", node);
  }

  /** Nodes that a person has declared dead (C28). Nobody takes that back before the node is up again. */
  outOfServiceNodes(): readonly string[] {
    return this.#declaredDead.size === 0 ? NO_NODES : [...this.#declaredDead];
  }

  refuses(node: string, gpu: number): boolean {
    return this.all("nvml_refuses").some((fault) =>
      fault.node === node && (fault.gpu === undefined || fault.gpu === gpu)
    );
  }

  /** What the device makes of a limit. */
  clamped(node: string, watts: number): number {
    let taken = watts;
    for (const fault of this.all("nvml_clamps")) {
      if (fault.node !== node) continue;
      taken = Math.max(
        Math.min(taken, fault.maxWatts ?? taken),
        fault.minWatts ?? 0,
      );
    }
    return taken;
  }

  /** Share of the greatest limit that heat leaves. */
  thermalShare(node: string, gpu: number): number {
    if (!this.has("gpu_thermal")) return 1;
    return this.all("gpu_thermal").reduce(
      (least, fault) =>
        fault.node === node && fault.gpu === gpu
          ? Math.min(least, fault.share)
          : least,
      1,
    );
  }

  /** How late events are for somebody, milliseconds on top of the usual; infinite while frozen. */
  watchLagMs(who: Watcher, what: Watched): number {
    if (!this.has("watch_frozen") && !this.has("watch_lag")) return 0;
    const isPlanner = who.startsWith("planner");
    const concerns = (fault: FaultOf<"watch_lag" | "watch_frozen">) =>
      (fault.what === undefined || fault.what === what) &&
      (fault.who === "all" || fault.who === who ||
        fault.who === (isPlanner ? "planner" : "agents"));
    if (this.all("watch_frozen").some(concerns)) return Infinity;
    return this.all("watch_lag").reduce(
      (most, fault) => concerns(fault) ? Math.max(most, fault.lagMs) : most,
      0,
    );
  }

  forbids(what: ForbiddenWrite): boolean {
    return this.has("forbidden") &&
      this.all("forbidden").some((fault) => fault.what === what);
  }

  /** How long an answer of the API server takes, milliseconds. */
  get answerMs(): number {
    return this.all("api_slow").reduce(
      (most, { answerMs }) => Math.max(most, answerMs),
      0,
    );
  }

  /** Truth ÷ model for a signal: the product of everything that biases it. */
  bias(signal: BiasSignal, nowMs: number): number {
    return this.all("bias").reduce(
      (product, fault) =>
        fault.signal === signal
          ? product *
            courseAt(fault, nowMs - fault.atMs, endOf(fault) - fault.atMs)
          : product,
      1,
    );
  }

  get trafficFactor(): number {
    return this.all("traffic").reduce(
      (product, { factor }) => product * factor,
      1,
    );
  }

  /** Share of the greatest limit that warming up wants; undefined: the world's own. */
  get warmupShare(): number | undefined {
    const shares = this.all("warmup_draw").map(({ share }) => share);
    return shares.length === 0 ? undefined : Math.max(...shares);
  }
}

const NONE: readonly Fault[] = [];
const NO_NODES: readonly string[] = [];
