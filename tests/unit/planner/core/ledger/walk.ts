/**
 * A small world in which everything may happen in any order: three GPUs on two nodes, two planners, views that lag,
 * writes that are lost, late or unheard, crashes, reboots, forced deletions, cuts. R41 is checked after every event.
 * @module
 */

import type {
  LedgerSettings,
  SideTarget,
} from "../../../../../planner/core/mod.ts";
import {
  type Random,
  seededRandom,
  SimulatedApi,
  SimulatedNode,
} from "../../../../../simulator/mod.ts";
import { GATE, pod, target } from "./fixtures.ts";
import {
  type Fate,
  type InFlight,
  type LedgerUnderTest,
  perform,
  PlannerDriver,
  type Precondition,
} from "./planner_driver.ts";

/** The same with agents that hold idle GPUs at 490 W from boot on, and pods without a gate: 1500 W. */
const PREARMED: LedgerSettings = {
  ...GATE,
  startMode: "prearm",
  armedAtBoot: true,
};

/** Caps and replicas to want, by the budget that they fit. */
const WISHES: Readonly<Record<number, readonly (readonly SideTarget[])[]>> = {
  1500: [
    [target(1, 490, "prefill"), target(1, 490)],
    [target(2, 300, "prefill"), target(1, 500)],
    [target(1, 500, "prefill"), target(1, 500)],
    [target(1, 250, "prefill"), target(2, 450)],
    [target(0, 300, "prefill"), target(2, 505)],
    // Too much: with a node's restart in reserve, and with an idle GPU that a start may fall on.
    [target(2, 300, "prefill"), target(1, 700)],
    [target(1, 700, "prefill"), target(1, 700)],
  ],
  800: [
    [target(1, 300, "prefill"), target(1, 500)],
    [target(1, 500, "prefill"), target(1, 300)],
    [target(1, 300, "prefill"), target(2, 250)],
    [target(1, 200, "prefill"), target(1, 600)],
    [target(2, 400, "prefill"), target(0, 300)],
  ],
  600: [
    [target(1, 200, "prefill"), target(1, 400)],
    [target(1, 400, "prefill"), target(1, 200)],
    [target(1, 200, "prefill"), target(2, 200)],
  ],
};

export class Violation extends Error {}

export interface WalkOptions {
  readonly seed: number;
  readonly core: LedgerUnderTest;
  readonly precondition?: Precondition;
  /** A take-over goes on with the view from before. */
  readonly staleViews?: boolean;
  /** How starts are kept inside the budget (§6); `gate` by default. */
  readonly startMode?: "gate" | "prearm";
}

/** One planner process, the budget that its configuration says, and since when it runs. */
interface Slot {
  planner: PlannerDriver;
  own: number;
  sinceMs: number;
}

export class Walk {
  readonly api = new SimulatedApi();
  readonly nodes: SimulatedNode[];
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #slots: Slot[];
  #nowMs = 0;
  #names = 0;
  #inFlight: InFlight[] = [];
  /** What the operator has configured. */
  #wanted: number;
  /** What is claimed: the old budget until a leader has declared compliance with the new one (C16). */
  #claimed: number;
  #wish: readonly SideTarget[];
  readonly #prearm: boolean;

  constructor(private readonly options: WalkOptions) {
    this.#random = seededRandom(options.seed);
    this.#prearm = options.startMode === "prearm";
    this.#wanted = this.#claimed = this.#prearm ? 1_500 : 800;
    this.#wish = WISHES[this.#wanted]![0]!;
    this.nodes = [["n1", 2], ["n2", 1]].map(([name, gpus]) =>
      new SimulatedNode({
        name: `${name}`,
        gpus: Number(gpus),
        model: "H200",
        minWatts: 200,
        maxWatts: 700,
        defaultWatts: 700,
        safeDefaultWatts: 490,
        prearm: this.#prearm,
      }, this.api)
    );
    for (const node of this.nodes) node.pass(-6_000);
    for (const node of this.nodes) node.pass(0);
    this.api.setScaler("prefill", 1);
    this.api.setScaler("decode", 1);
    this.#slots = [0, 1].map(() => ({
      planner: this.#newPlanner(),
      own: this.#wanted,
      sinceMs: 0,
    }));
    this.#slots[0]!.planner.takeLease(0);
    this.#controllers();
  }

  /** One random event, then the check. */
  step(): void {
    const event = this.#event();
    this.trace.push(event);
    this.#check();
  }

  /** No more faults: everything is delivered, and the targets must be reached. */
  quiesce(): void {
    for (const write of this.#inFlight) this.#land(write);
    this.#inFlight = [];
    this.#check();
    this.#wish = WISHES[this.#wanted]![0]!;
    const leader = this.#slots[0]!;
    for (const slot of this.#slots) slot.own = this.#wanted;
    leader.planner = this.#newPlanner();
    leader.planner.takeLease(this.#nowMs);
    for (const node of this.nodes) {
      node.connected = true;
      if (!node.agentUp) node.restartAgent();
    }
    for (let round = 0; round < 90; round++) {
      this.#nowMs += 3_000;
      this.#controllers();
      this.#kubelets();
      for (const node of this.nodes) {
        node.view.deliver();
        node.pass(this.#nowMs);
        this.#check();
      }
      leader.planner.view?.deliver();
      this.#stage(leader);
      while (leader.planner.queue.length > 0) {
        leader.planner.applyNext(this.#nowMs);
        this.#check();
      }
      if (round > 50 && leader.planner.last?.settled) break;
    }
    const { last } = leader.planner;
    if (!last?.settled) {
      throw new Violation(
        `The targets were not reached: ${JSON.stringify(last)}`,
      );
    }
    for (const { side, replicas, capWatts } of this.#wish) {
      const serving = this.api.pods().filter((one) =>
        one.side === side && this.#isRunning(one.pod.uid)
      );
      const capped = serving.every(({ pod }) =>
        this.#limitOf(pod.uid) === capWatts
      );
      if (serving.length !== replicas || !capped) {
        throw new Violation(`Settled, but ${side} is not as wanted.`);
      }
    }
  }

  #newPlanner(): PlannerDriver {
    return new PlannerDriver(this.api, this.options.core, {
      settings: this.#prearm ? PREARMED : GATE,
      precondition: this.options.precondition ?? "version",
      // A worker serves as soon as it runs; behind its gate it loads.
      isServing: (uid) => this.nodes.some(({ running }) => running.has(uid)),
    });
  }

  /** R41 as it is physically: pods that run, and pods that may start without anybody's new decision. */
  #check(): void {
    let sum = 0;
    for (const node of this.nodes) {
      for (const { podUid, limitWatts } of node.gpus) {
        if (podUid === undefined) continue;
        if (node.running.has(podUid) || node.mayOpen(podUid)) sum += limitWatts;
      }
    }
    if (sum > this.#claimed) {
      throw new Violation(
        `${sum} W, and ${this.#claimed} W are claimed, after ${
          this.trace.slice(-25).join(" · ")
        }`,
      );
    }
  }

  #pick<Value>(values: readonly Value[]): Value | undefined {
    return values[Math.floor(this.#random() * values.length)];
  }

  /** Picks among weighted events. */
  #event(): string {
    const node = this.#pick(this.nodes)!;
    const leading = this.#slots.find(({ planner }) => planner.leads);
    // Who leads acts most of the time; who does not still has batches to go on with.
    const slot = leading && this.#random() < 0.85
      ? leading
      : this.#pick(this.#slots)!;
    const events: readonly (readonly [number, () => string])[] = [
      [300, () => this.#act(slot)],
      [180, () => this.#agentPass(node)],
      [140, () => this.#see(slot.planner)],
      [60, () => this.#time()],
      [40, () => this.#kubelets()],
      [40, () => this.#controllers()],
      [40, () => this.#arrive()],
      [70, () => this.#otherTargets()],
      [10, () => this.#everybodyCatchesUp()],
      [14, () => this.#readBudget(slot)],
      ...this.#faults(node, this.#pick(this.#slots)!),
    ];
    const total = events.reduce((sum, [weight]) => sum + weight, 0);
    let dice = this.#random() * total;
    for (const [weight, act] of events) {
      dice -= weight;
      if (dice < 0) return act();
    }
    return "nothing";
  }

  #faults(
    node: SimulatedNode,
    slot: Slot,
  ): readonly (readonly [number, () => string])[] {
    const any = this.#pick(this.api.pods());
    return [
      [8, () => this.#takeOver(slot)],
      [5, () => this.#die(slot)],
      [6, () => {
        // §6 without a gate: one node at a time, the others being as their reports say.
        if (this.#prearm && !this.#isQuiet()) return "no reboot now";
        node.reboot();
        return `${node.facts.name} reboots`;
      }],
      [3, () => {
        if (this.#prearm) return "no reset";
        node.resetGpu(0);
        return `${node.facts.name} GPU 0 is reset`;
      }],
      [4, () => {
        node.restartAgent();
        return `agent of ${node.facts.name} restarts`;
      }],
      [node.connected ? 6 : 40, () => {
        node.connected = !node.connected;
        return `${node.facts.name} connected: ${node.connected}`;
      }],
      [8, () => {
        if (any) this.api.changePod(any.pod.uid, { terminating: true });
        return `${any?.pod.name} is evicted`;
      }],
      [5, () => {
        if (any) this.api.removePod(any.pod.uid);
        return `${any?.pod.name} is deleted by force`;
      }],
      [this.#prearm ? 0 : 6, () => {
        this.#wanted = this.#wanted === 800 ? 600 : 800;
        this.#wish = WISHES[this.#wanted]![0]!;
        this.#claimed = Math.max(this.#claimed, this.#wanted);
        return `the budget is ${this.#wanted} W`;
      }],
    ];
  }

  #act(slot: Slot): string {
    const { planner } = slot;
    if (planner.queue.length > 0) return this.#apply(planner);
    this.#stage(slot);
    return `${planner.holder} stages ${planner.queue.length}`;
  }

  #agentPass(node: SimulatedNode): string {
    node.view.deliverPods(this.#pick([1, 2, 9]));
    node.pass(this.#nowMs);
    return `${node.facts.name} passes`;
  }

  #see(planner: PlannerDriver): string {
    planner.view?.deliverPods(this.#pick([1, 2, 9, 9]));
    planner.view?.deliverReports(this.#pick([0, 1, 2, 9]));
    return `${planner.holder} sees`;
  }

  #time(): string {
    this.#nowMs += this.#pick([1_000, 6_000, 6_000, 15_000])!;
    for (const one of this.#slots) {
      // What a cache holds is fresh before it is trusted (C17).
      if (this.#nowMs - one.sinceMs >= 90_000) one.own = this.#wanted;
    }
    return "time passes";
  }

  #arrive(): string {
    const write = this.#pick(this.#inFlight);
    if (!write) return "nothing under way";
    this.#inFlight = this.#inFlight.filter((one) => one !== write);
    this.#land(write);
    return `${write.holder}'s late ${write.step.kind} arrives`;
  }

  #otherTargets(): string {
    this.#wish = this.#pick(WISHES[this.#wanted]!)!;
    return `other targets: ${
      this.#wish.map(({ replicas, capWatts }) => `${replicas}×${capWatts}`)
    }`;
  }

  #everybodyCatchesUp(): string {
    for (const node of this.nodes) {
      node.view.deliver();
      node.pass(this.#nowMs);
    }
    for (const { planner } of this.#slots) planner.view?.deliver();
    return "everybody catches up";
  }

  #readBudget(slot: Slot): string {
    slot.own = this.#wanted;
    return `${slot.planner.holder} reads ${slot.own} W`;
  }

  #takeOver(slot: Slot): string {
    if (!slot.planner.leads) {
      slot.planner.takeLease(this.#nowMs, this.options.staleViews);
      slot.sinceMs = this.#nowMs;
    }
    return `${slot.planner.holder} takes the Lease`;
  }

  #die(slot: Slot): string {
    const led = slot.planner.leads;
    slot.planner.view?.[Symbol.dispose]();
    slot.planner = this.#newPlanner();
    if (led) slot.planner.takeLease(this.#nowMs);
    slot.sinceMs = this.#nowMs;
    return `a planner dies; ${slot.planner.holder} starts`;
  }

  #stage(slot: Slot): void {
    const { planner, own } = slot;
    planner.standBy();
    const transition = planner.stage({
      targets: this.#wish,
      budgetWatts: own,
      nowMs: this.#nowMs,
    });
    const declared = planner.leads && transition.compliant &&
      planner.ledger.reign.kind === "held" &&
      transition.budgetInForceWatts <= this.#wanted &&
      this.api.lease.budgetWatts !== undefined &&
      this.api.lease.budgetWatts <= this.#wanted;
    if (declared) this.#claimed = this.#wanted;
  }

  #apply(planner: PlannerDriver): string {
    const fate = this.#pick<Fate>([
      ...Array.from({ length: 9 }, () => "answered" as const),
      "unheard",
      "lost",
      "late",
      "late",
    ])!;
    const step = planner.queue[0]!;
    const write = planner.applyNext(this.#nowMs, fate);
    if (write) this.#inFlight = [...this.#inFlight, write].slice(-4);
    const what = step.kind === "patch"
      ? `${step.purpose} ${step.pod.name} ${step.grant.watts} ${step.grant.boundWatts}`
      : step.kind;
    return `${planner.holder} ${what} ${fate}`;
  }

  #land(write: InFlight): void {
    perform(this.api, write, {
      nowMs: this.#nowMs,
      precondition: this.options.precondition ?? "version",
    });
  }

  /** Makes as many pods as the scalers say, and lets go of those beyond. */
  #controllers(): string {
    for (const side of ["prefill", "decode"] as const) {
      const replicas = this.api.scaler(side)?.replicas ?? 0;
      const live = this.api.pods().filter((one) =>
        one.side === side && !one.pod.terminating
      );
      for (let missing = replicas - live.length; missing > 0; missing--) {
        const name = `${side[0]}${++this.#names}`;
        const made = pod(name, { side, gated: !this.#prearm });
        this.api.createPod({
          ...made,
          side,
          pod: { ...made.pod, nodeName: undefined },
        });
      }
      for (const { pod } of live.slice(replicas)) {
        this.api.changePod(pod.uid, { terminating: true });
      }
    }
    for (const one of this.api.pods()) {
      if (one.pod.nodeName !== undefined || one.pod.terminating) continue;
      const node = this.nodes.find((node) => this.#takesPods(node));
      if (!node) continue;
      this.api.changePod(one.pod.uid, { nodeName: node.facts.name });
      node.place(this.api.pod(one.pod.uid)!.pod, 1);
    }
    return "controllers act";
  }

  /** What is terminating ends; what the API server does not have any more ends too. */
  #kubelets(): string {
    for (const node of this.nodes) {
      for (const uid of [...node.sandboxes.keys()]) {
        const known = this.api.pod(uid)?.pod;
        if (known && !known.terminating) continue;
        node.stop(uid);
        this.api.removePod(uid);
      }
    }
    for (const { pod } of this.api.pods()) {
      if (pod.terminating && pod.nodeName === undefined) {
        this.api.removePod(pod.uid);
      }
    }
    return "kubelets act";
  }

  #takesPods(node: SimulatedNode): boolean {
    return node.freeGpus().length > 0;
  }

  /** Every GPU stands at what its record says. */
  #isQuiet(): boolean {
    return this.nodes.every(({ gpus }) =>
      gpus.every(({ entry, limitWatts }) =>
        limitWatts <= (entry?.applied?.watts ?? 490)
      )
    );
  }

  #isRunning(uid: string): boolean {
    return this.nodes.some(({ running }) => running.has(uid));
  }

  #limitOf(uid: string): number | undefined {
    return this.nodes.flatMap((node) => node.gpusOf(uid))[0]?.limitWatts;
  }
}

/** Walks, then demands that the targets are reached. */
export function walk(options: WalkOptions, steps: number): void {
  const world = new Walk(options);
  for (let step = 0; step < steps; step++) world.step();
  world.quiesce();
}
