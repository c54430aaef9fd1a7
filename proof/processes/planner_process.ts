/** One planner process over a simulated world: the loop of production, which can be killed and frozen. @module */

import {
  type Brain,
  type CapacityModel,
  type LedgerState,
  type Listener,
  type LoopClock,
  type LoopTimes,
  type PlannerConfig,
  PlannerLoop,
  type SavedState,
  Settings,
  SimulatedFleet,
  type SimulatedSource,
  type WorldClock,
} from "../../planner/mod.ts";
import type { SimulatedWorld } from "../../simulator/mod.ts";
import { ProcessGate } from "./process_gate.ts";

/** What a process is made of. */
export interface ProcessOptions {
  /** Another one for every start (C11). */
  readonly holder: string;
  readonly world: SimulatedWorld;
  readonly clock: WorldClock;
  /** Shared by all processes: measuring twice would see half each. */
  readonly source: SimulatedSource;
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  readonly brain: Brain<LedgerState>;
  readonly times: Partial<LoopTimes>;
  readonly listener: Listener;
  /** Wall clock ahead of the world's, milliseconds. */
  readonly wallOffsetMs: () => number;
  readonly saved: SavedState | undefined;
}

/** A process that runs until it is killed. */
export class PlannerProcess {
  readonly holder: string;
  readonly settings: Settings;
  readonly loop: PlannerLoop<LedgerState>;
  readonly fleet: SimulatedFleet;
  /** Writes that the loop has asked for. */
  applied = 0;
  saved: SavedState | undefined;
  /** What the loop ended with, if it failed. */
  failure: unknown;
  readonly #gate = new ProcessGate();
  readonly #stop = new AbortController();

  constructor(options: ProcessOptions) {
    const { world, clock, source, config, model, brain } = options;
    this.holder = options.holder;
    this.saved = options.saved;
    this.settings = new Settings(config, model);
    this.fleet = new SimulatedFleet(world, {
      holder: options.holder,
      gpusPerReplica: model.gpusPerReplica,
      readOnly: config.advisory,
    });
    const gate = this.#gate;
    const { fleet } = this;
    this.loop = new PlannerLoop({
      clock: processClock(clock, gate, options.wallOffsetMs),
      source: {
        name: source.name,
        observe: (request) => gate.through(source.observe(request)),
      },
      fleet: {
        name: fleet.name,
        snapshot: (signal) => gate.through(fleet.snapshot(signal)),
        apply: (step, signal) => {
          this.applied++;
          return gate.through(fleet.apply(step, signal));
        },
        changed: (signal) => gate.through(fleet.changed(signal)),
      },
      settings: this.settings,
      brain,
      store: {
        save: (saved) => {
          this.saved = saved;
          return Promise.resolve();
        },
      },
      saved: options.saved,
      times: options.times,
      listeners: [options.listener],
    });
  }

  start(): void {
    this.loop.run(this.#stop.signal).catch((error: unknown) => {
      this.failure = error;
    });
  }

  get isFrozen(): boolean {
    return this.#gate.isFrozen;
  }

  /** Gone between two instructions; what it has sent is on its way all the same. */
  kill(): void {
    this.#gate.die();
    this.fleet.close();
  }

  /** Frozen until it is thawed; what it has sent is held up until then. */
  freeze(untilMs: number, how: { readonly unaware: boolean }): void {
    this.#gate.freeze();
    this.fleet.freeze(untilMs, how);
  }

  thaw(): void {
    this.#gate.thaw();
  }
}

function processClock(
  clock: WorldClock,
  gate: ProcessGate,
  wallOffsetMs: () => number,
): LoopClock {
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs() + wallOffsetMs(),
    sleep: (milliseconds, signal) =>
      gate.through(clock.sleep(milliseconds, signal)),
  };
}
