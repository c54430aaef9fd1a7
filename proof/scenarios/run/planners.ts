/** The planner processes of a scenario, and the faults that are theirs. @module */

import type {
  CapacityModel,
  Listener,
  LoopClock,
  TrafficSource,
} from "../../../planner/mod.ts";
import type {
  Fault,
  FaultTarget,
  SimulatedWorld,
} from "../../../simulator/mod.ts";
import type { ConfigFile } from "./config_file.ts";
import { PlannerProcess } from "./process.ts";

/** What processes are made of. */
export interface PlannersOptions {
  readonly clock: LoopClock;
  readonly source: TrafficSource;
  readonly model: CapacityModel;
  readonly file: ConfigFile;
  readonly lookMs: number;
  /** @param holder name of the process */
  readonly listener: (holder: string) => Listener;
}

/** Processes by their names; a start anew is a new process with a new name. */
export class Planners implements FaultTarget {
  readonly #options: PlannersOptions;
  readonly #all: PlannerProcess[] = [];
  #world: SimulatedWorld | undefined;
  #main: PlannerProcess | undefined;
  #second: PlannerProcess | undefined;

  constructor(options: PlannersOptions) {
    this.#options = options;
  }

  /** Starts the first. */
  start(world: SimulatedWorld): void {
    this.#world = world;
    this.#main = this.#launch();
  }

  get up(): number {
    return this.#all.filter(({ isUp }) => isUp).length;
  }

  /** Errors of processes that ended by themselves. */
  get failures(): readonly {
    readonly holder: string;
    readonly error: unknown;
  }[] {
    return this.#all.flatMap(({ holder, ended }) =>
      ended ? [{ holder, error: ended.error }] : []
    );
  }

  begin(fault: Fault): void {
    switch (fault.kind) {
      case "planner_crash":
        this.#main?.crash();
        return;
      case "planner_paused":
        this.#main?.pause(fault.atMs + fault.forMs);
        return;
      case "second_planner":
        this.#second = this.#launch();
        return;
      case "clock_jump":
        this.#main?.jump(fault.byMs);
        return;
      case "budget":
        this.#options.file.set({ total_gpu_power_limit: fault.watts });
        return;
      default:
        return;
    }
  }

  end(fault: Fault): void {
    switch (fault.kind) {
      case "planner_crash":
        this.#main = this.#launch();
        return;
      case "planner_paused":
        this.#main?.resume();
        return;
      case "second_planner":
        this.#second?.crash();
        return;
      default:
        return;
    }
  }

  /** Ends all of them. @returns when they have ended */
  stop(): Promise<unknown> {
    for (const process of this.#all) process.stop();
    return Promise.all(this.#all.map(({ done }) => done));
  }

  #launch(): PlannerProcess {
    const world = this.#world;
    if (!world) throw new Error("There is no world yet.");
    const holder = `planner-${this.#all.length + 1}`;
    const process = new PlannerProcess({
      ...this.#options,
      world,
      holder,
      listener: this.#options.listener(holder),
    });
    this.#all.push(process);
    return process;
  }
}
