/** Runs one schedule: the planner's loop, the agents' rules and the ledger of production, in virtual time, checked at every event. @module */

import {
  type Brain,
  type LedgerState,
  type LoopEvent,
  PLANNER_BRAIN,
  SimulatedSource,
  type Transition,
  withModelFaults,
  WorldClock,
} from "../../planner/mod.ts";
import {
  seededRandom,
  SimulatedWorld,
  withSecret,
} from "../../simulator/mod.ts";
import { PlannerHost, type PlannerProcess } from "../processes/mod.ts";
import { BatchChecks } from "./batch_checks.ts";
import { findInDecision } from "./decision_checks.ts";
import { configOf, nodesOf, replicaGpus } from "./fleet_config.ts";
import { FORMULA_GPU, FORMULA_TRUTH, formulaModel } from "./formula_engine.ts";
import { PhysicalChecks } from "./physical_checks.ts";
import { RunHash } from "./run_hash.ts";
import type { Schedule, ScheduledTraffic } from "./schedule.ts";
import { stepLine } from "./step_line.ts";
import type { Violation } from "./violation.ts";

/** How a schedule is run. */
export interface RunOptions {
  /** The pure core; absent: production's. */
  readonly brain?: Brain<LedgerState>;
  /** Gets every line of the record. */
  readonly line?: (line: string) => void;
}

/** What a run came to. */
export interface RunResult {
  readonly violation: Violation | undefined;
  /** Of all lines of the record. */
  readonly hash: string;
  readonly lines: number;
  readonly simulatedMs: number;
  /** Events at which the invariants were checked. */
  readonly checks: number;
  /** From the last fault until the fleet was at rest, milliseconds; undefined when it never was. */
  readonly restedAfterMs: number | undefined;
}

/** Bound of the liveness claim: from the last fault until everything rests, milliseconds. */
export const REST_WITHIN_MS = 600_000;
/** Rest is looked for so often, milliseconds. */
const SLICE_MS = 5_000;
/** Midnight of an ordinary Monday. */
const START_MS = Date.UTC(2026, 0, 5);
const STEP_MS = 1_000;
const TIMES = { lookMs: 5_000, restMs: 200, saveMs: 30_000 };

/** Runs it to its end, or to the first violation. */
export async function runSchedule(
  schedule: Schedule,
  options: RunOptions = {},
): Promise<RunResult> {
  const run = new ScheduleRun(schedule, options);
  try {
    return await run.toEnd();
  } finally {
    run.close();
  }
}

class ScheduleRun {
  readonly #schedule: Schedule;
  readonly #options: RunOptions;
  readonly #hash = new RunHash();
  readonly #stop = new AbortController();
  readonly #world: SimulatedWorld;
  readonly #clock: WorldClock;
  readonly #host: PlannerHost;
  readonly #checks: PhysicalChecks;
  #violation: Violation | undefined;
  #wantedWatts: number;
  #count = 0;
  /** What each process staged last. */
  readonly #staged = new Map<PlannerProcess, Transition>();
  readonly #batches = new Map<PlannerProcess, BatchChecks>();

  constructor(schedule: Schedule, options: RunOptions) {
    this.#schedule = schedule;
    this.#options = options;
    const { fleet, seed } = schedule;
    this.#wantedWatts = fleet.budgetWatts;
    let host: PlannerHost | undefined;
    const world = new SimulatedWorld({
      seed,
      nodes: nodesOf(fleet),
      gpusPerReplica: replicaGpus(fleet),
      podsPerReplica: fleet.podsPerReplica,
      replicas: Object.fromEntries(
        Object.keys(replicaGpus(fleet)).map((side) => [side, fleet.floor]),
      ),
      gated: fleet.startMode === "gate" && fleet.capOwner === "planner",
      truth: withSecret(FORMULA_TRUTH, schedule.secret),
      traffic: trafficOf(schedule.traffic),
      delays: {
        startMs: 2_000,
        loadMs: 20_000,
        graceMs: 8_000,
        evictMs: 60_000,
        answerMs: schedule.answerMs,
      },
      noise: 0.01,
      stepMs: STEP_MS,
      reorderMs: schedule.reorderMs,
      faults: schedule.faults,
      faultTargets: [{
        begin: (fault) => {
          this.#line(`fault ${JSON.stringify(fault)}`);
          host?.begin(fault);
        },
        end: (fault) => {
          this.#line(`end ${fault.kind} of ${fault.atMs}`);
          host?.end(fault);
        },
      }],
      strangers: Array.from(
        { length: fleet.strangers },
        (_, index) => `n${index + 1}`,
      ),
    });
    this.#world = world;
    // Without a gate the claim begins once a leader says that the budget holds what may start (§6).
    world.allowedWatts = fleet.startMode === "gate"
      ? fleet.budgetWatts
      : undefined;
    this.#checks = new PhysicalChecks(
      world,
      schedule,
      () => host?.inFlight() ?? [],
    );
    world.onEvent = () => this.#check();
    const clock = new WorldClock(world, START_MS);
    this.#clock = clock;
    this.#host = host = new PlannerHost({
      world,
      clock,
      source: new SimulatedSource(world, 30),
      config: configOf(fleet),
      model: withModelFaults(formulaModel(replicaGpus(fleet)), world.faults),
      brain: options.brain ?? PLANNER_BRAIN,
      times: TIMES,
      random: seededRandom(seed ^ 0x1b873593),
      listen: (process) => (event) => this.#hear(process(), event),
      budgetChanged: (watts) => {
        this.#wantedWatts = watts;
        if (world.allowedWatts === undefined) return;
        world.allowedWatts = Math.max(world.allowedWatts, watts);
      },
    });
    host.start();
  }

  async toEnd(): Promise<RunResult> {
    const world = this.#world;
    const signal = this.#stop.signal;
    const lastMs = world.lastFaultMs;
    await this.#clock.runTo(Math.max(lastMs, SLICE_MS * 6), signal);
    let restedAfterMs: number | undefined;
    while (!this.#violation && world.nowMs - lastMs <= REST_WITHIN_MS) {
      await this.#clock.runTo(world.nowMs + SLICE_MS, signal);
      if (!this.#rests()) continue;
      restedAfterMs = world.nowMs - lastMs;
      break;
    }
    if (!this.#violation && restedAfterMs === undefined) {
      this.#found({ invariant: "liveness", message: this.#unrest() });
    }
    if (!this.#violation) this.#found(this.#checks.stranded());
    this.#line(`end at ${world.nowMs}, rested after ${restedAfterMs}`);
    return {
      violation: this.#violation,
      hash: this.#hash.digest,
      lines: this.#hash.lines,
      simulatedMs: world.nowMs,
      checks: this.#count,
      restedAfterMs,
    };
  }

  close(): void {
    this.#host.close();
  }

  #line(line: string): void {
    const text = `${this.#world?.nowMs ?? 0} ${line}`;
    this.#hash.add(text);
    this.#options.line?.(text);
  }

  #found(found: Omit<Violation, "atMs"> | undefined): void {
    if (!found || this.#violation) return;
    this.#violation = { ...found, atMs: this.#world.nowMs };
    this.#line(`VIOLATION ${found.invariant}: ${found.message}`);
    this.#stop.abort();
  }

  #check(): void {
    this.#count++;
    if (!this.#violation) this.#found(this.#checks.find());
  }

  #hear(process: PlannerProcess, event: LoopEvent): void {
    const { fleet } = this.#schedule;
    const batch = this.#batches.get(process) ?? new BatchChecks();
    this.#batches.set(process, batch);
    const unfenced = batch.find(event);
    if (unfenced !== undefined) {
      this.#found({ invariant: "fence", message: unfenced });
    }
    switch (event.kind) {
      case "decided": {
        const { decision } = event.record;
        this.#line(
          `${process.holder} decides ${decision.sequence}: ${
            decision.targets.map(({ side, replicas, capWatts }) =>
              `${side} ${replicas}×${capWatts}`
            ).join(" ")
          } ${decision.reasons.map(({ kind }) => kind).join(",")}`,
        );
        return this.#found(findInDecision(decision, fleet));
      }
      case "staged":
        this.#staged.set(process, event.transition);
        return this.#declare(process, event);
      case "step": {
        this.#line(
          `${process.holder} ${stepLine(event.step)}: ${event.outcome.kind}`,
        );
        if (!fleet.advisory) return;
        return this.#found({
          invariant: "advisory",
          message: stepLine(event.step),
        });
      }
      case "fault": {
        const { change } = event;
        if (change.kind !== "raised") return;
        const { part, message } = change.fault;
        const excused = part !== "ledger" &&
          !(part === "search" && !this.#world.faults.has("model_raises"));
        if (excused) return;
        return this.#found({
          invariant: "threw",
          message: `${part}: ${message}`,
        });
      }
      default:
        return;
    }
  }

  /** The claim moves to a new budget once a leader has declared compliance with it (C16). */
  #declare(
    process: PlannerProcess,
    { transition, snapshot }: Extract<LoopEvent, { kind: "staged" }>,
  ): void {
    const leaseWatts = this.#world.api.lease.budgetWatts;
    if (
      process.fleet.leads && snapshot.lease?.heldByUs && snapshot.consistent &&
      // Whoever slept through the end of its reign declares nothing.
      this.#world.api.lease.holder === process.holder &&
      // Nobody complies with a budget that has not been read.
      process.settings.current().config.power?.budgetWatts ===
        this.#wantedWatts &&
      transition.compliant &&
      transition.budgetInForceWatts <= this.#wantedWatts &&
      leaseWatts !== undefined && leaseWatts <= this.#wantedWatts &&
      this.#world.allowedWatts !== this.#wantedWatts
    ) {
      this.#world.allowedWatts = this.#wantedWatts;
      this.#line(`${process.holder} declares ${this.#wantedWatts} W`);
    }
  }

  /** Everything that was asked for serves, and nobody has anything left to do. */
  #rests(): boolean {
    return this.#unrest() === "";
  }

  /** The ledger has nothing left to do; where no claim is made, or none can be, what it still wishes for is not waited for. */
  #isDone(staged: Transition): boolean {
    if (staged.settled) return true;
    // All at their minimum and no room for a surge pod: a person has to decide (§7).
    if (
      staged.alarms.some(({ kind }) => kind === "rollout_blocked") &&
      this.#schedule.faults.some(({ kind }) => kind === "rollout")
    ) return true;
    return !this.#promises && staged.steps.length === 0 &&
      staged.waits.every(({ kind }) => kind === "budget_room");
  }

  /** Whether the fleet must get within its budget: caps are ours, starts wait for us, and the floors fit or may go. */
  get #promises(): boolean {
    const { floor, gpusPerReplica, mode, belowFloor } = this.#schedule.fleet;
    const floorGpus = floor * gpusPerReplica * (mode === "agg" ? 1 : 2);
    return this.#checks.claimsBudget && this.#isGated &&
      (belowFloor === "shed" ||
        this.#wantedWatts >= floorGpus * FORMULA_GPU.minWatts);
  }

  get #isGated(): boolean {
    return this.#schedule.fleet.startMode === "gate";
  }

  /** What does not rest yet, in words; empty: everything does. */
  #unrest(): string {
    const { leader } = this.#host;
    if (!leader) return "no planner runs";
    if (leader.failure !== undefined) {
      return `the loop ended: ${leader.failure}`;
    }
    const { fleet } = this.#schedule;
    if (fleet.advisory) return "";
    const staged = this.#staged.get(leader);
    if (!leader.fleet.leads || !staged) return "no planner leads";
    if (!this.#isDone(staged)) {
      return `not settled: ${
        staged.waits.map(({ kind, podName }) => `${kind} ${podName ?? ""}`)
          .join(", ")
      }; ${staged.alarms.map(({ message }) => message).join(" ")}`;
    }
    if (this.#promises && this.#world.allowedWatts !== this.#wantedWatts) {
      return `compliance with ${this.#wantedWatts} W is not declared`;
    }
    if (
      leader.settings.current().config.power?.budgetWatts !== this.#wantedWatts
    ) return "the changed budget is not read yet";
    const idle = this.#checks.stranded();
    if (idle) return idle.message;
    // Without room for them, replicas that demand asks for are not there, and that is rest.
    if (!staged.settled) return "";
    const unfollowed = this.#checks.unfollowed();
    if (unfollowed !== undefined) return unfollowed;
    for (const { side, replicas } of leader.loop.last?.decision.targets ?? []) {
      const pods = this.#world.api.pods().filter((pod) => pod.side === side);
      if (pods.length !== replicas * this.#schedule.fleet.podsPerReplica) {
        return `${pods.length} pods of ${side}, ${replicas} replicas are wanted`;
      }
      // Load scaling may go to and fro between two counts when the load lies between them.
      if (this.#schedule.fleet.loadScaling) continue;
      if (this.#world.ready(side) !== replicas) {
        return `${this.#world.ready(side)} of ${replicas} ${side} serve`;
      }
    }
    return "";
  }
}

function trafficOf({ islTokens, oslTokens, rates }: ScheduledTraffic) {
  return (atSeconds: number) => {
    let requestsPerSecond = 0;
    for (const rate of rates) {
      if (rate.fromMs > atSeconds * 1000) break;
      requestsPerSecond = rate.requestsPerSecond;
    }
    return { requestsPerSecond, islTokens, oslTokens };
  };
}
