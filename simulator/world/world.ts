/** The simulated world: one clock, a cluster, engines and traffic; it watches the budget itself. @module */

import {
  type NodeFacts,
  SimulatedApi,
  SimulatedNode,
  type SimulatedSide,
  type WatchedView,
} from "../cluster/mod.ts";
import { seededRandom } from "../random.ts";
import { Controllers, type Delays } from "./controllers.ts";
import type { EngineTruth } from "./engine_truth.ts";
import {
  type Arrivals,
  type Engines,
  FluidEngines,
  type FluidStep,
  type Replica,
} from "./fluid_engines.ts";
import {
  type MeasuredEngine,
  type Measurement,
  Meter,
  type SideDraw,
} from "./measurement.ts";

/** What a world is made of. */
export interface WorldOptions {
  readonly seed: number;
  readonly nodes: readonly NodeFacts[];
  readonly gpusPerReplica: Readonly<Partial<Record<SimulatedSide, number>>>;
  readonly replicas: Readonly<Partial<Record<SimulatedSide, number>>>;
  /** Pods start behind the gate. */
  readonly gated: boolean;
  readonly truth: EngineTruth;
  /** What serves; absent: fluids of the truth. */
  readonly engines?: Engines;
  /** What arrives at a time, seconds since the start. */
  readonly traffic: (atSeconds: number) => Arrivals;
  readonly delays?: Partial<Delays>;
  /** Relative deviation of measured values. */
  readonly noise?: number;
  /** Length of one step, milliseconds. */
  readonly stepMs?: number;
  /** Share of the limit that a GPU draws while its engine loads. */
  readonly loadDrawShare?: number;
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
  graceMs: 30_000,
  watchMs: 200,
};
const MOST_VIOLATIONS = 100;

/** A world that moves when it is told to. The same options give the same bytes. */
export class SimulatedWorld {
  readonly api: SimulatedApi;
  readonly nodes: readonly SimulatedNode[];
  readonly controllers: Controllers;
  readonly engines: Engines;
  readonly meter = new Meter();
  readonly violations: BudgetViolation[] = [];
  readonly delays: Delays;
  /** Watts that R41 is checked against at every event; undefined: not checked. */
  allowedWatts: number | undefined;
  #nowMs = 0;
  #work: readonly MeasuredEngine[] = [];
  readonly #options: WorldOptions;
  readonly #random;
  readonly #views = new Set<WatchedView>();
  readonly #listeners = new Set<() => void>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.delays = { ...DELAYS, ...options.delays };
    this.api = new SimulatedApi(() => this.#nowMs);
    this.nodes = options.nodes.map((facts) =>
      new SimulatedNode(facts, this.api)
    );
    this.engines = options.engines ?? new FluidEngines(options.truth);
    this.controllers = new Controllers(this.api, this.nodes, {
      gpusPerReplica: options.gpusPerReplica,
      gated: options.gated,
      delays: this.delays,
    });
    for (const [side, replicas] of Object.entries(options.replicas)) {
      if (isSide(side)) this.api.setScaler(side, replicas ?? 0);
    }
    // The nodes have been up for a while: idle GPUs are proven free.
    for (const node of this.nodes) node.pass(-6_000);
    for (const node of this.nodes) node.pass(0);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** A client's view that gets events as late as watches are. */
  watch(): WatchedView {
    const view = this.api.watch();
    this.#views.add(view);
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

  /** Lets time pass. */
  advance(milliseconds: number): void {
    const end = this.#nowMs + milliseconds;
    const stepMs = this.#options.stepMs ?? 1_000;
    while (this.#nowMs < end) this.#step(Math.min(stepMs, end - this.#nowMs));
  }

  /** Whether a pod's engine serves. */
  isServing(uid: string): boolean {
    return this.controllers.isServing(uid, this.#nowMs);
  }

  /** Replicas of a side that serve. */
  ready(side: SimulatedSide): number {
    return this.api.pods().filter((one) =>
      one.side === side && !one.pod.terminating && this.isServing(one.pod.uid)
    ).length;
  }

  /** What a source sees since it last looked. */
  measure(): Measurement {
    return this.meter.take(this.#nowMs, {
      random: this.#random,
      noise: this.#options.noise ?? 0,
      engines: this.#work,
    });
  }

  /** Σ limits of GPUs on which a pod runs, or can start without a new decision (R41). */
  limitWatts(): number {
    let sum = 0;
    for (const node of this.nodes) {
      for (const { podUid, limitWatts } of node.gpus) {
        if (podUid === undefined) continue;
        if (node.running.has(podUid) || node.mayOpen(podUid)) sum += limitWatts;
      }
    }
    return sum;
  }

  /** Checks R41 now; every step and every event calls it. */
  check(): void {
    const budgetWatts = this.allowedWatts;
    if (budgetWatts === undefined) return;
    const limitWatts = this.limitWatts();
    if (limitWatts <= budgetWatts) return;
    if (this.violations.length >= MOST_VIOLATIONS) return;
    this.violations.push({ atMs: this.#nowMs, limitWatts, budgetWatts });
  }

  #step(milliseconds: number): void {
    this.#nowMs += milliseconds;
    this.controllers.act(this.#nowMs);
    this.check();
    for (const node of this.nodes) {
      if (!node.agentUp) continue;
      const heard = node.connected &&
        node.view.deliverUntil(this.#nowMs - this.delays.watchMs);
      // Everybody's pods pass by; an event somewhere is looked at everywhere, as the API server's watch is filtered for real.
      if (heard) node.stir();
      if (!node.isDue(this.#nowMs)) continue;
      node.pass(this.#nowMs);
      this.check();
    }
    this.#run(milliseconds / 1000);
    let news = false;
    for (const view of this.#views) {
      news = view.deliverUntil(this.#nowMs - this.delays.watchMs) || news;
    }
    if (news) { for (const listener of [...this.#listeners]) listener(); }
  }

  #run(seconds: number): void {
    const arrivals = this.#options.traffic(this.#nowMs / 1000);
    const replicas: Replica[] = [];
    const gpus = new Map<string, SimulatedNode["gpus"]>();
    const byPod = new Map<string, SimulatedNode["gpus"]>();
    for (const node of this.nodes) {
      for (const gpu of node.gpus) {
        const { podUid } = gpu;
        if (podUid === undefined || !node.running.has(podUid)) continue;
        const known = byPod.get(podUid);
        if (known) known.push(gpu);
        else byPod.set(podUid, [gpu]);
      }
    }
    for (const { pod, side, replica } of this.api.pods()) {
      const mine = byPod.get(pod.uid);
      if (!mine) continue;
      gpus.set(replica, mine);
      replicas.push({
        name: replica,
        side,
        limitWatts: Math.min(...mine.map(({ limitWatts }) => limitWatts)),
        serving: this.isServing(pod.uid) && !pod.terminating,
      });
    }
    const step = this.engines.step(seconds, arrivals, replicas);
    const draws = new Map<
      SimulatedSide,
      { gpus: number; watts: number; loadingWatts: number }
    >();
    for (const node of this.nodes) {
      for (const gpu of node.gpus) gpu.drawWatts = 0;
    }
    step.replicas.forEach((work, index) => {
      const { serving, side } = replicas[index]!;
      const sum = draws.get(side) ?? { gpus: 0, watts: 0, loadingWatts: 0 };
      draws.set(side, sum);
      for (const gpu of gpus.get(work.name) ?? []) {
        gpu.drawWatts = serving || work.works
          ? work.drawWatts
          : this.#loadWatts(gpu.limitWatts);
        gpu.cappedShare = serving ? work.cappedShare : 0;
        // Only engines that serve are measured as one side's draw.
        if (serving) {
          sum.watts += gpu.drawWatts;
          sum.gpus++;
        } else sum.loadingWatts += gpu.drawWatts;
      }
    });
    this.meter.add(step, {
      seconds,
      islTokens: arrivals.islTokens,
      oslTokens: arrivals.oslTokens,
      draws: [...draws].map(([side, sum]): SideDraw => ({ side, ...sum })),
    });
    this.#work = step.replicas.filter((_, index) => replicas[index]!.serving)
      .map((work) => engineOf(work, arrivals, this.#options.truth));
  }

  #loadWatts(limitWatts: number): number {
    return Math.round(limitWatts * (this.#options.loadDrawShare ?? 0.7));
  }
}

function engineOf(
  work: FluidStep["replicas"][number],
  { islTokens, oslTokens }: Arrivals,
  { kvCapacityTokens }: EngineTruth,
): MeasuredEngine {
  const decodes = work.side !== "prefill";
  const kv = islTokens + oslTokens / 2;
  const tokens = work.tokens ?? {
    scheduledPrefill: decodes ? 0 : work.busy * islTokens,
    queuedPrefill: work.side === "decode" ? 0 : work.queuedRequests * islTokens,
    scheduledDecodeKv: decodes ? work.requests * kv : 0,
    queuedDecodeKv: work.side === "decode" ? work.queuedRequests * kv : 0,
  };
  return {
    side: work.side,
    workerId: work.name,
    dpRank: 0,
    scheduledPrefillTokens: Math.round(tokens.scheduledPrefill),
    queuedPrefillTokens: Math.round(tokens.queuedPrefill),
    scheduledDecodeKvTokens: Math.round(tokens.scheduledDecodeKv),
    queuedDecodeKvTokens: Math.round(tokens.queuedDecodeKv),
    scheduledRequests: Math.round(work.requests),
    queuedRequests: Math.round(work.queuedRequests),
    wallTimeMs: work.milliseconds,
    contextLengthTokens: 32_768,
    kvCapacityTokens,
    maxBatchedTokens: 8_192,
  };
}

function isSide(side: string): side is SimulatedSide {
  return side === "prefill" || side === "decode" || side === "agg";
}
