/** The simulated world: one clock, a cluster, engines and traffic; it watches the budget itself. @module */

import {
  type NodeFacts,
  SimulatedApi,
  SimulatedNode,
  type SimulatedSide,
  type WatchedView,
} from "../cluster/mod.ts";
import type { Pod } from "../../cluster/portable.ts";
import {
  ActiveFaults,
  type Fault,
  FaultPlayer,
  type FaultTarget,
} from "../faults/mod.ts";
import { type Random, seededRandom } from "../random.ts";
import { Controllers, type Delays } from "./controllers.ts";
import { replicasOf } from "./replicas.ts";
import type { EngineTruth } from "./engine_truth.ts";
import { biased, FaultEffects } from "./fault_effects.ts";
import { EngineRoom, type Engines } from "./engine_room.ts";
import { type Arrivals, FluidEngines } from "./fluid_engines.ts";
import { type Measurement, Meter } from "./measurement.ts";

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly nodes: readonly NodeFacts[];
  readonly gpusPerReplica: Readonly<Partial<Record<SimulatedSide, number>>>;
  readonly replicas: Readonly<Partial<Record<SimulatedSide, number>>>;
  /** Pods start behind the gate. */
  readonly gated: boolean;
  readonly truth: EngineTruth;
  /** What serves; absent: fluids of the truth, which faults can bias. */
  readonly engines?: Engines;
  /** What arrives at a time, seconds since the start. */
  readonly traffic: (atSeconds: number) => Arrivals;
  readonly delays?: Partial<Delays>;
  /** Relative deviation of measured values. */
  readonly noise?: number;
  /** Pods that share a replica's GPUs evenly, on nodes of their own where there are enough. Default: 1. */
  readonly podsPerReplica?: number;
  /** Length of one step, milliseconds. */
  readonly stepMs?: number;
  /** Share of its greatest limit that a GPU wants while it warms up; its limit holds all the same. */
  readonly loadDrawShare?: number;
  readonly faults?: readonly Fault[];
  /** Told of faults after the world is: processes, configurations. */
  readonly faultTargets?: readonly FaultTarget[];
  /** Nodes on which one GPU belongs to a pod of somebody else, which never asked to be capped. */
  readonly strangers?: readonly string[];
  /** Events of different objects overtake each other by up to so much, milliseconds (A3). */
  readonly reorderMs?: number;
}

/** A moment at which the limits passed what is allowed. */
export interface BudgetViolation {
  readonly atMs: number;
  readonly limitWatts: number;
  readonly budgetWatts: number;
}

const DELAYS: Delays = {
  startMs: 3_000,
  loadMs: 60_000,
  warmupMs: 15_000,
  graceMs: 30_000,
  watchMs: 200,
  evictMs: 300_000,
  answerMs: 0,
};
const MOST_VIOLATIONS = 100;
/** A cache that lags is between one and two of these old, milliseconds. */
const COPY_MS = 15_000;

/** A world that moves when it is told to. The same options give the same bytes. */
export class SimulatedWorld {
  readonly api: SimulatedApi;
  readonly nodes: readonly SimulatedNode[];
  readonly controllers: Controllers;
  readonly engines: Engines;
  readonly meter = new Meter();
  readonly violations: BudgetViolation[] = [];
  readonly delays: Delays;
  /** What is wrong right now. */
  readonly faults = new ActiveFaults();
  /** Randomness of writes: which are lost, and which of those landed. */
  readonly writeRandom: Random;
  /** Watts that R41 is checked against at every event; undefined: not checked. */
  allowedWatts: number | undefined;
  /** Called on every event, after R41 was checked. */
  onEvent: (() => void) | undefined;
  #nowMs = 0;
  readonly #player: FaultPlayer;
  readonly #effects: FaultEffects;
  #appointments: { readonly atMs: number; readonly act: () => void }[] = [];
  readonly #room: EngineRoom;
  readonly #options: WorldOptions;
  readonly #random;
  /** Views of planners, with their names. */
  readonly #views = new Map<WatchedView, string>();
  #copiedAtMs = 0;
  readonly #strangers = new Set<string>();
  readonly #listeners = new Set<() => void>();
  /** What each node's limits come to, and the version of the node that it holds for. */
  readonly #standing: { version: number; watts: number }[];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.writeRandom = seededRandom(options.seed ^ 0x5f3759df);
    this.delays = { ...DELAYS, ...options.delays };
    this.api = new SimulatedApi(() => this.#nowMs, {
      random: seededRandom(options.seed ^ 0x2545f491),
      reorderMs: options.reorderMs ?? 0,
    });
    this.nodes = options.nodes.map((facts) =>
      new SimulatedNode(facts, this.api, this.faults)
    );
    this.#standing = this.nodes.map(() => ({ version: -1, watts: 0 }));
    this.engines = options.engines ??
      new FluidEngines(
        biased(options.truth, this.faults, () => this.#nowMs),
      );
    this.controllers = new Controllers(this.api, this.nodes, {
      gpusPerReplica: options.gpusPerReplica,
      podsPerReplica: options.podsPerReplica ?? 1,
      gated: options.gated,
      delays: this.delays,
    });
    this.#room = new EngineRoom({
      api: this.api,
      nodes: this.nodes,
      controllers: this.controllers,
      faults: this.faults,
      engines: this.engines,
      meter: this.meter,
      kvCapacityTokens: options.truth.kvCapacityTokens,
      idleWatts: options.truth.idleWatts,
      warmupShare: options.loadDrawShare ?? 0.7,
    });
    for (const [side, replicas] of Object.entries(options.replicas)) {
      if (isSide(side)) this.api.setScaler(side, replicas ?? 0);
    }
    for (const name of options.strangers ?? []) this.#addStranger(name);
    this.#effects = new FaultEffects(this);
    this.#player = new FaultPlayer(options.faults ?? [], this.faults, [
      this.#effects,
      ...(options.faultTargets ?? []),
    ]);
    // The nodes have been up for a while: idle GPUs are proven free.
    for (const node of this.nodes) node.pass(-6_000);
    for (const node of this.nodes) node.pass(0);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** A planner's view that gets events as late as its watches are. */
  watch(who = "planner"): WatchedView {
    const view = this.api.watch();
    this.#views.set(view, who);
    return view;
  }

  unwatch(view: WatchedView): void {
    this.#views.delete(view);
    view[Symbol.dispose]();
  }

  /** Calls back when a view has got something. @returns a function that ends it */
  onDelivered(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets time pass; a step ends where a fault or an appointment is. */
  advance(milliseconds: number): void {
    const end = this.#nowMs + milliseconds;
    const stepMs = this.#options.stepMs ?? 1_000;
    while (this.#nowMs < end) {
      const next = Math.min(
        this.#nowMs + stepMs,
        end,
        this.#player.nextMs,
        this.nextEventMs,
      );
      this.#step(Math.max(0, next - this.#nowMs));
    }
  }

  /** Does something at a time, or at the next step if that has passed. */
  at(atMs: number, act: () => void): void {
    this.#appointments.push({ atMs: Math.max(atMs, this.#nowMs), act });
  }

  /** A fault that was not planned from the start: what it hits is known only now. */
  strike(fault: Fault): void {
    const player = new FaultPlayer([fault], this.faults, [this.#effects]);
    player.playUntil(this.#nowMs);
    if (player.nextMs < Infinity) {
      this.at(player.nextMs, () => player.playUntil(this.#nowMs));
    }
    this.check();
  }

  /** When the next appointment is; infinite without one. */
  get nextEventMs(): number {
    return this.#appointments.reduce(
      (least, { atMs }) => Math.min(least, atMs),
      Infinity,
    );
  }

  /** When the last fault begins or ends. */
  get lastFaultMs(): number {
    return this.#player.lastMs;
  }

  /** Whether a pod's engine serves. */
  isServing(uid: string): boolean {
    return this.controllers.isServing(uid, this.#nowMs);
  }

  /** Replicas of a side that serve. */
  ready(side: SimulatedSide): number {
    const pods = this.api.pods().filter((one) => one.side === side);
    return replicasOf(pods).filter((replica) =>
      replica.every(({ pod }) => !pod.terminating && this.isServing(pod.uid))
    ).length;
  }

  /** What a source sees since it last looked. */
  measure(): Measurement {
    return this.meter.take(this.#nowMs, {
      random: this.#random,
      noise: this.#options.noise ?? 0,
      engines: this.#room.engines,
    });
  }

  /** Σ limits of GPUs on which a pod runs, or can start without a new decision (R41). */
  limitWatts(): number {
    let sum = 0;
    for (let index = 0; index < this.nodes.length; index++) {
      const node = this.nodes[index]!;
      const known = this.#standing[index]!;
      if (known.version !== node.version) {
        known.watts = this.#standingOn(node);
        known.version = node.version;
      }
      sum += known.watts;
    }
    return sum;
  }

  #standingOn(node: SimulatedNode): number {
    if (node.isOff) return 0;
    let sum = 0;
    for (const { podUid, limitWatts, foreign } of node.gpus) {
      if (podUid === undefined || this.#strangers.has(podUid)) continue;
      if (!node.running.has(podUid) && !node.mayOpen(podUid)) continue;
      // Root raising a limit is outside the claim (A2): what stood before is counted until somebody else writes.
      sum += foreign
        ? Math.min(limitWatts, foreign.insteadOfWatts)
        : limitWatts;
    }
    return sum;
  }

  /** Checks R41 now; every step and every event calls it. */
  check(): void {
    this.onEvent?.();
    const budgetWatts = this.allowedWatts;
    if (budgetWatts === undefined) return;
    const limitWatts = this.limitWatts();
    if (limitWatts <= budgetWatts) return;
    if (this.violations.length >= MOST_VIOLATIONS) return;
    this.violations.push({ atMs: this.#nowMs, limitWatts, budgetWatts });
  }

  #step(milliseconds: number): void {
    this.#nowMs += milliseconds;
    if (this.#nowMs - this.#copiedAtMs >= COPY_MS) {
      this.#copiedAtMs = this.#nowMs;
      this.api.copy();
    }
    if (this.#player.playUntil(this.#nowMs)) this.check();
    this.#effects.persist();
    this.#keepAppointments();
    this.controllers.act(this.#nowMs);
    this.check();
    for (const node of this.nodes) {
      if (!node.agentRuns) continue;
      const heard = node.agentHears &&
        this.#deliver(node.view, node.facts.name);
      if (heard) node.hear();
      if (!node.isDue(this.#nowMs)) continue;
      node.pass(this.#nowMs);
      this.check();
    }
    if (milliseconds > 0) {
      this.#room.run(
        this.#nowMs,
        milliseconds / 1000,
        this.#options.traffic(this.#nowMs / 1000),
      );
    }
    if (this.faults.has("api_down")) return;
    let news = false;
    for (const [view, who] of this.#views) {
      news = this.#deliver(view, who) || news;
    }
    if (news) { for (const listener of [...this.#listeners]) listener(); }
  }

  /** Hands over what is due by now. @returns whether there was anything */
  #deliver(view: WatchedView, who: string): boolean {
    const untilMs = this.#nowMs - this.delays.watchMs;
    return view.deliverUntil(
      untilMs - this.faults.watchLagMs(who, "pods"),
      untilMs - this.faults.watchLagMs(who, "reports"),
    );
  }

  #keepAppointments(): void {
    if (this.nextEventMs > this.#nowMs) return;
    const due = this.#appointments.filter(({ atMs }) => atMs <= this.#nowMs)
      .sort((a, b) => a.atMs - b.atMs);
    this.#appointments = this.#appointments.filter(({ atMs }) =>
      atMs > this.#nowMs
    );
    for (const { act } of due) {
      act();
      this.check();
    }
  }

  #addStranger(name: string): void {
    const node = this.nodes.find(({ facts }) => facts.name === name);
    const pod: Pod = {
      namespace: "elsewhere",
      name: `stranger-on-${name}`,
      uid: `uid-stranger-${name}`,
      staticPodHash: undefined,
      resourceVersion: "1",
      nodeName: name,
      phase: "Running",
      terminating: false,
      powerLimit: undefined,
      powerGrant: undefined,
      gpuContainers: ["main"],
      gated: false,
    };
    if (!node?.place(pod, 1)) {
      throw new Error(`There is no node "${name}" with a free GPU.`);
    }
    this.api.createStranger(pod);
    this.#strangers.add(pod.uid);
  }
}

function isSide(side: string): side is SimulatedSide {
  return side === "prefill" || side === "decode" || side === "agg";
}
