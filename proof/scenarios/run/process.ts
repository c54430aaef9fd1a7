/** One planner process: the product's service with its own eyes and hands on the world; it can freeze, die, and start again. @module */

import {
  type CapacityModel,
  type Environment,
  type Fleet,
  type FleetSnapshot,
  type Listener,
  type LoopClock,
  runService,
  SimulatedFleet,
  type Step,
  type StepOutcome,
  type TrafficSource,
} from "../../../planner/mod.ts";
import type { SimulatedWorld } from "../../../simulator/mod.ts";
import type { ConfigFile } from "./config_file.ts";

/** What a process is started with. */
export interface ProcessOptions {
  readonly world: SimulatedWorld;
  readonly clock: LoopClock;
  readonly source: TrafficSource;
  readonly model: CapacityModel;
  readonly file: ConfigFile;
  readonly holder: string;
  readonly listener: Listener;
  readonly lookMs: number;
}

/** A start that was refused, or a process that fell over. */
export type Ended = { readonly error: unknown };

/** A running process. */
export class PlannerProcess {
  readonly holder: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #fleet: SimulatedFleet;
  #frozen: Promise<void> | undefined;
  #thaw: () => void = () => {};
  #dead = false;
  #wallOffsetMs = 0;
  /** Set when it ended by itself. */
  ended: Ended | undefined;

  constructor(options: ProcessOptions) {
    this.holder = options.holder;
    const { config } = options.file.current();
    this.#fleet = new SimulatedFleet(options.world, {
      holder: options.holder,
      gpusPerReplica: options.model.gpusPerReplica,
      readOnly: config.advisory,
    });
    const environment = this.#environment(options);
    this.#running = runService({
      config,
      model: options.model,
      environment,
      watch: options.file.watch(this.#stop.signal),
      listeners: [(event) => {
        if (!this.#dead) options.listener(event);
      }],
      times: { lookMs: options.lookMs },
    }, this.#stop.signal).catch((error: unknown) => {
      this.ended = { error };
    });
  }

  /** Nothing of it gets to the world any more; what it has sent is on its way all the same. */
  crash(): void {
    this.#dead = true;
    this.#fleet.close();
    this.resume();
    this.#stop.abort();
  }

  /** Stops in good order. */
  stop(): void {
    this.resume();
    this.#stop.abort();
  }

  /** Freezes: what it is about to send is sent when it wakes. */
  pause(untilMs: number): void {
    this.#fleet.holdUp(untilMs);
    this.#frozen ??= new Promise((resolve) => this.#thaw = resolve);
  }

  resume(): void {
    this.#frozen = undefined;
    this.#thaw();
  }

  get isUp(): boolean {
    return !this.#dead && this.ended === undefined &&
      !this.#stop.signal.aborted;
  }

  /** Its wall clock moves. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Resolves once it has ended. */
  get done(): Promise<void> {
    return this.#running;
  }

  #environment(
    { clock, source }: ProcessOptions,
  ): Environment {
    const fleet = this.#fleet;
    const awake = async <Value>(value: Promise<Value>): Promise<Value> => {
      const result = await value;
      while (this.#frozen) await this.#frozen;
      return result;
    };
    return {
      fleet: this.#withHands(fleet, awake),
      source: {
        name: source.name,
        observe: (request, signal) => awake(source.observe(request, signal)),
      },
      clock: {
        now: () => clock.now(),
        wallMs: () => clock.wallMs() + this.#wallOffsetMs,
        sleep: (milliseconds, signal) =>
          awake(clock.sleep(milliseconds, signal)),
      },
      notices: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  #withHands(
    fleet: Fleet,
    awake: <Value>(value: Promise<Value>) => Promise<Value>,
  ): Fleet {
    const dead = () =>
      Promise.reject(new Error("The process is gone.")) as Promise<never>;
    return {
      name: fleet.name,
      snapshot: async (signal): Promise<FleetSnapshot> =>
        this.#dead ? await dead() : await awake(fleet.snapshot(signal)),
      apply: async (step: Step, signal): Promise<StepOutcome> => {
        // Frozen with the write in hand: it goes out when the process wakes, whatever has happened since.
        await awake(Promise.resolve());
        if (this.#dead) return { kind: "unanswered", reason: "dead" };
        return await fleet.apply(step, signal);
      },
      changed: (signal) => awake(fleet.changed(signal)),
    };
  }
}
