/** The loop: observe → predict → propose → constrain → actuate → record (R20), on two cadences and one clock. @module */

import { realClock } from "../../cluster/portable.ts";
import {
  type Decision,
  type Due,
  type FleetSnapshot,
  initialState,
  type Observation,
  type PlannerState,
  resumedState,
  type Transition,
} from "../core/mod.ts";
import type { Fleet } from "../fleets/mod.ts";
import type { TrafficHistory } from "../predict/mod.ts";
import type { TrafficSource } from "../sources/mod.ts";
import { alwaysSafe, StepRunner } from "./apply_steps.ts";
import { firstSchedule, type Schedule, takeDue, untilDue } from "./cadence.ts";
import { Decider } from "./decider.ts";
import type { Listener, LoopEvent, PlanRecord } from "./event.ts";
import { Faults, messageOf } from "./faults.ts";
import { ledgerSettings } from "./ledger_settings.ts";
import { Lock } from "./lock.ts";
import { LOOP_TIMES, type LoopTimes } from "./loop_times.ts";
import { Looker } from "./looker.ts";
import { nothing, Observer } from "./observe.ts";
import { withReadBack } from "./read_back.ts";
import type { Brain, LoopClock, SavedState, StateStore } from "./ports.ts";
import { NOTHING_PURSUED, pursue, withReached } from "./pursuit.ts";
import type { Settings } from "./settings.ts";
import { NOT_AWAITED } from "./in_time.ts";
import { Keeper } from "./keeper.ts";
import { settledSoon } from "./settled_soon.ts";
import { signatureOf } from "./signature.ts";
import { SteadyTime } from "./steady_time.ts";

/** What the loop runs on. */
export interface LoopOptions<Ledger> {
  readonly clock: LoopClock;
  readonly source: TrafficSource;
  readonly fleet: Fleet;
  readonly settings: Settings;
  readonly brain: Brain<Ledger>;
  /** Absent: nothing survives a restart. */
  readonly store?: StateStore | undefined;
  /** What an earlier process saved. */
  readonly saved?: SavedState | undefined;
  /** History of a cold start, from a trace (P20). */
  readonly warmHistory?: TrafficHistory | undefined;
  readonly times?: Partial<LoopTimes>;
  readonly listeners?: readonly Listener[];
  /** Stop after so many decisions and a settled transition; absent: run until stopped. */
  readonly decisions?: number | undefined;
}

/** The running planner. */
export class PlannerLoop<Ledger> {
  readonly settings: Settings;
  /** Held while a decision is made; a change of the configuration waits for it (P7). */
  readonly lock = new Lock();
  readonly faults: Faults;
  readonly time: SteadyTime;
  readonly #options: LoopOptions<Ledger>;
  readonly #times: LoopTimes;
  readonly #observer: Observer;
  readonly #looker: Looker;
  readonly #decider: Decider<Ledger>;
  readonly #runner: StepRunner;
  readonly #keeper: Keeper;
  readonly #listeners: Set<Listener>;
  #state: PlannerState;
  #ledger: Ledger;
  #schedule: Schedule;
  #decided: PlanRecord | undefined;
  /** The record waits for its first transition before it is told. */
  #untold = false;
  #pursuit = NOTHING_PURSUED;
  #ticking: Promise<void> | undefined;
  #transition: Transition | undefined;
  #signature = "";
  #settingsChanged = false;
  #wake: () => void = () => {};
  #stopping = false;
  #roundAtMs: number;
  #generationOfBatch = 0;
  #count = 0;

  constructor(options: LoopOptions<Ledger>) {
    const { clock, settings, brain, saved } = options;
    this.#options = options;
    this.settings = settings;
    this.#times = { ...LOOP_TIMES, ...options.times };
    this.#listeners = new Set(options.listeners);
    this.time = new SteadyTime(clock, saved?.nowMs);
    this.faults = new Faults((change) => this.#tell({ kind: "fault", change }));
    this.#observer = new Observer(options.source, clock);
    this.#looker = new Looker(options.fleet, clock, this.#times.snapshotMs);
    this.#decider = new Decider(brain, clock, this.#times.tickMs);
    this.#runner = new StepRunner({
      fleet: options.fleet,
      clock,
      patienceMs: this.#times.stepPatienceMs,
      cancelAfterMs: this.#times.stepCancelMs,
      mayStart: (step) =>
        !this.#stopping &&
        (alwaysSafe(step) ||
          this.settings.current().generation === this.#generationOfBatch),
      settled: (step, outcome) => {
        const nowMs = this.time.now();
        this.#ledger = brain.settle(this.#ledger, step, outcome, nowMs);
        this.#tell({ kind: "step", step, outcome, atMs: nowMs });
      },
    });
    const { config } = settings.current();
    this.#state = saved ? resumedState(saved.state) : {
      ...initialState(config.optimizer.initialCoefficients),
      ...(options.warmHistory ? { history: options.warmHistory } : {}),
    };
    this.#keeper = new Keeper(options.store, this.#times.saveMs, (error) => {
      const nowMs = this.time.now();
      if (error === undefined) this.faults.clear("state_file", nowMs);
      else this.faults.raise("state_file", messageOf(error), nowMs);
    });
    this.#ledger = brain.emptyLedger();
    this.#schedule = firstSchedule(config, this.time.now());
    this.#roundAtMs = clock.now();
  }

  /** The last decision with the newest transition towards it. */
  get last(): PlanRecord | undefined {
    return this.#decided &&
      { ...this.#decided, transition: this.#transition };
  }

  /** The newest snapshot of the fleet. */
  get snapshot(): FleetSnapshot | undefined {
    return this.#looker.last;
  }

  /** When the next tick is due, milliseconds from now. */
  get untilTickMs(): number {
    return untilDue(this.#schedule, this.time.now());
  }

  /** Time since the last round began, milliseconds: large when the loop hangs. */
  get sinceRoundMs(): number {
    return this.#options.clock.now() - this.#roundAtMs;
  }

  get fleetName(): string {
    return this.#options.fleet.name;
  }

  get sourceName(): string {
    return this.#options.source.name;
  }

  /** Whether the next writes are listed and not made. */
  get withheld(): "advisory" | "paused" | undefined {
    const { config } = this.settings.current();
    return config.advisory
      ? "advisory"
      : config.paused || this.#looker.last?.paused === true
      ? "paused"
      : undefined;
  }

  get state(): PlannerState {
    return this.#state;
  }

  /** Calls back with every event. @returns a function that stops it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Runs until the signal aborts. Then no new write begins, those under way are waited for, and the state is saved.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => {
      this.#stopping = true;
      this.#wake();
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const unsubscribe = this.settings.onChange(() => {
      this.#settingsChanged = true;
      this.#tell({
        kind: "settings",
        inForce: this.settings.current(),
        atMs: this.time.now(),
      });
      this.#wake();
    });
    this.#tell({ kind: "started", atMs: this.time.now() });
    try {
      while (!this.#stopping) {
        await this.#round(signal);
        if (this.#isDone()) break;
        if (!this.#stopping) await this.#rest();
      }
    } finally {
      signal.removeEventListener("abort", stop);
      unsubscribe();
      this.#stopping = true;
      await this.#finish();
    }
  }

  /** One look: what is due is started, what the fleet allows is carried out. */
  async #round(signal: AbortSignal): Promise<void> {
    this.#roundAtMs = this.#options.clock.now();
    const jump = this.time.jump();
    if (jump) this.#tell({ kind: "clock_jump", seconds: jump.seconds });
    const snapshot = await this.#look(signal);
    if (this.#stopping) return;
    if (this.#settingsChanged && this.#decided) await this.#decideAgain();
    this.#startTick(signal);
    // A source that answers at once is not worth a second look.
    await settledSoon(this.#ticking);
    if (snapshot) await this.#move(snapshot);
    else if (this.#untold) this.#tellDecision();
    this.#keeper.offer({ nowMs: this.time.now(), state: this.#state });
  }

  async #look(signal: AbortSignal): Promise<FleetSnapshot | undefined> {
    const result = await this.#looker.look(signal);
    const nowMs = this.time.now();
    if (result.kind === "snapshot") {
      this.faults.clear("snapshot", nowMs);
      const { problems = [] } = result.snapshot;
      if (problems.length === 0) this.faults.clear("fleet", nowMs);
      else this.faults.raise("fleet", problems.join(" "), nowMs);
      return result.snapshot;
    }
    if (!this.#stopping) this.faults.raise("snapshot", result.message, nowMs);
    return undefined;
  }

  #startTick(signal: AbortSignal): void {
    const { config } = this.settings.current();
    const nowMs = this.time.now();
    const { due, schedule, missed } = takeDue(this.#schedule, nowMs, config);
    const isDue = due.throughput || due.load;
    if (this.#ticking) {
      // No overlap: what became due meanwhile is due when this one ends.
      if (isDue) this.#tell({ kind: "tick_skipped", ticks: 1 });
      this.#schedule = isDue ? schedule : this.#schedule;
      return;
    }
    this.#schedule = schedule;
    if (missed > 0) this.#tell({ kind: "tick_skipped", ticks: missed });
    if (!isDue) return;
    this.#ticking = this.#tick(due, signal).finally(() => {
      this.#ticking = undefined;
      this.#wake();
    });
  }

  async #tick(due: Due, signal: AbortSignal): Promise<void> {
    const { config } = this.settings.current();
    const request = {
      atMs: this.time.now(),
      windowSeconds: due.throughput
        ? config.throughputIntervalSeconds
        : config.loadIntervalSeconds,
      due,
    };
    const observation = await this.#observer.observe(
      request,
      this.#times.tickMs,
      signal,
    );
    if (this.#stopping) return;
    const [problem, ...more] = observation.problems ?? [];
    if (problem) {
      this.faults.raise(
        "source",
        `${problem.what}: ${problem.message}${
          more.length > 0 ? ` (and ${more.length} more)` : ""
        }`,
        this.time.now(),
      );
    } else this.faults.clear("source", this.time.now());
    this.#tell({ kind: "observed", observation });
    await this.#decide(due, observation);
  }

  /** The configuration changed: the targets follow at once, without a new observation (R2, R45). */
  async #decideAgain(): Promise<void> {
    const { config } = this.settings.current();
    await this.#decide(
      { throughput: false, load: false },
      nothing({
        atMs: this.time.now(),
        windowSeconds: config.loadIntervalSeconds,
      }),
    );
  }

  async #decide(due: Due, observation: Observation): Promise<void> {
    await this.lock.with(async () => {
      this.#settingsChanged = false;
      const inForce = this.settings.current();
      const nowMs = this.time.now();
      const result = await this.#decider.decide(this.#state, {
        nowMs,
        due,
        observation: withReadBack(observation, this.#looker.last),
        inventory: this.#looker.last?.sides,
        config: inForce.config,
        model: inForce.model,
      });
      if (result.fault !== undefined) {
        this.faults.raise("search", result.fault, nowMs);
        if (result.timedOut) this.#tell({ kind: "tick_timeout" });
      } else if (result.durationMs > this.#times.searchMs) {
        this.faults.raise(
          "search",
          `A decision took longer than ${this.#times.searchMs / 1000} s.`,
          nowMs,
        );
      } else this.faults.clear("search", nowMs);
      if (!result.decided) return;
      this.#state = result.decided.state;
      this.#count++;
      this.#record(result.decided.decision, {
        due,
        inForce,
        nowMs,
        durationMs: result.durationMs,
      });
    });
  }

  #record(
    decision: Decision,
    made: Pick<PlanRecord, "due" | "inForce" | "durationMs"> & {
      readonly nowMs: number;
    },
  ): void {
    if (this.#untold) this.#tellDecision();
    this.#pursuit = pursue(this.#pursuit, decision);
    this.#decided = {
      carried: this.#pursuit.carried,
      decision,
      madeAtMs: made.nowMs,
      due: made.due,
      inForce: made.inForce,
      durationMs: made.durationMs,
      faults: this.faults.list(),
      transition: undefined,
    };
    this.#transition = undefined;
    this.#untold = true;
    this.#wake();
  }

  #tellDecision(): void {
    this.#untold = false;
    const record = this.last;
    if (record) this.#tell({ kind: "decided", record });
  }

  /** Stages towards the targets and carries out what has room now. */
  async #move(snapshot: FleetSnapshot): Promise<void> {
    const decided = this.#decided;
    if (!decided) return;
    this.#pursuit = withReached(this.#pursuit, snapshot);
    const { config, model, generation } = this.settings.current();
    const nowMs = this.time.now();
    let transition: Transition;
    try {
      const staged = this.#options.brain.stage(this.#ledger, {
        snapshot,
        targets: this.#pursuit.targets,
        config: ledgerSettings(config, model),
        budgetWatts: config.power?.budgetWatts,
        nowMs,
        assumeLeader: this.withheld !== undefined,
      });
      this.#ledger = staged.ledger;
      transition = staged.transition;
      this.faults.clear("ledger", nowMs);
    } catch (error) {
      this.faults.raise("ledger", messageOf(error), nowMs);
      if (this.#untold) this.#tellDecision();
      return;
    }
    this.#transition = transition;
    if (this.#untold) this.#tellDecision();
    const signature = signatureOf(transition);
    const changed = signature !== this.#signature;
    this.#signature = signature;
    const { withheld } = this;
    this.#tell({
      kind: "staged",
      snapshot,
      transition,
      sequence: decided.decision.sequence,
      changed,
      withheld,
      atMs: nowMs,
    });
    if (withheld !== undefined || this.#stopping) return;
    this.#generationOfBatch = decided.inForce.generation === generation
      ? generation
      : -1;
    await this.#runner.run(transition.steps);
  }

  /** Waits for the fleet, the next tick, a change of the configuration, a stop, at most until the next look. */
  async #rest(): Promise<void> {
    const { clock, fleet } = this.#options;
    const ended = new AbortController();
    const { signal } = ended;
    const woken = new Promise<void>((resolve) => this.#wake = resolve);
    if (this.#settingsChanged || this.#untold) this.#wake();
    const waitMs = this.#ticking
      ? this.#times.lookMs
      : Math.min(this.#times.lookMs, this.untilTickMs);
    await Promise.race([
      woken,
      clock.sleep(waitMs, signal),
      clock.sleep(Math.min(waitMs, this.#times.restMs), signal)
        .then(() => fleet.changed(signal))
        // A fleet that cannot be watched is looked at on the clock.
        .catch(() => clock.sleep(waitMs, signal)),
    ]);
    ended.abort(NOT_AWAITED);
    this.#wake = () => {};
  }

  #isDone(): boolean {
    const { decisions } = this.#options;
    return decisions !== undefined && this.#count >= decisions &&
      !this.#untold && this.#ticking === undefined;
  }

  /** The graceful end: writes under way, then the state. */
  async #finish(): Promise<void> {
    const { clock } = this.#options;
    const given = new AbortController();
    const patience = clock.sleep(this.#times.stopMs, given.signal);
    await Promise.race([
      patience,
      Promise.all([this.#ticking, this.#runner.drained()]),
    ]);
    if (this.#untold) this.#tellDecision();
    this.#keeper.offer({ nowMs: this.time.now(), state: this.#state });
    // A disk is slow in real time, whatever clock the loop goes by.
    await Promise.race([
      realClock.sleep(this.#times.stopMs, given.signal),
      this.#keeper.flush(),
    ]);
    given.abort();
    this.#tell({ kind: "stopped", atMs: this.time.now() });
  }

  #tell(event: LoopEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
