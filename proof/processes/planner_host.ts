/** Where planner processes run: it starts, kills, freezes and doubles them as faults say, and edits their configuration. @module */

import type {
  Listener,
  PlannerConfig,
  SimulatedFleet,
  Step,
} from "../../planner/mod.ts";
import type {
  Fault,
  FaultOf,
  FaultTarget,
  Random,
  SimulatedWorld,
} from "../../simulator/mod.ts";
import { PlannerProcess, type ProcessOptions } from "./planner_process.ts";

/** What a host needs. */
export interface HostOptions extends
  Pick<
    ProcessOptions,
    "world" | "clock" | "source" | "config" | "model" | "brain" | "times"
  > {
  readonly random: Random;
  /** The events of one process. */
  readonly listen: (process: () => PlannerProcess) => Listener;
  /** Told when the operator's budget changes. */
  readonly budgetChanged: (watts: number) => void;
}

/** Longest time until a process has read a changed configuration, mostly and at all, milliseconds; below C17's 120 s. */
const CONFIG_LAGS_MS = [10_000, 10_000, 90_000] as const;

/** Faults of the leader that can wait for its next write. */
type Strike = FaultOf<"planner_crash" | "planner_paused">;

/** The processes of one world. */
export class PlannerHost implements FaultTarget {
  readonly #options: HostOptions;
  #processes: PlannerProcess[] = [];
  readonly #fleets: SimulatedFleet[] = [];
  #names = 0;
  /** What the file says now. */
  #config: PlannerConfig;
  #wallOffsetMs = 0;
  #down = 0;
  /** Those that wait for the leader's next grant or raise. */
  readonly #armed = new Set<Strike>();
  readonly #frozen = new Map<Fault, readonly PlannerProcess[]>();
  readonly #second = new Map<Fault, PlannerProcess>();

  constructor(options: HostOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  get processes(): readonly PlannerProcess[] {
    return this.#processes;
  }

  /** The process that takes itself for the leader, else the first. */
  get leader(): PlannerProcess | undefined {
    return this.#processes.find(({ fleet }) => fleet.leads) ??
      this.#processes[0];
  }

  get world(): SimulatedWorld {
    return this.#options.world;
  }

  /** Writes under way of every process that ever ran: a dead one's land all the same. */
  inFlight(): readonly Step[] {
    return this.#fleets.flatMap((fleet) => fleet.inFlight());
  }

  start(saved?: PlannerProcess["saved"]): PlannerProcess {
    const { listen, ...options } = this.#options;
    const process: PlannerProcess = new PlannerProcess({
      ...options,
      config: this.#config,
      holder: `planner-${++this.#names}`,
      listener: listen(() => process),
      wallOffsetMs: () => this.#wallOffsetMs,
      saved,
    });
    this.#processes.push(process);
    this.#fleets.push(process.fleet);
    process.fleet.onSent = (step) => this.#sent(process, step);
    process.start();
    return process;
  }

  begin(fault: Fault): void {
    switch (fault.kind) {
      case "planner_crash":
      case "planner_paused":
        if (fault.onWrite) this.#armed.add(fault);
        else this.#strike(fault);
        return;
      case "second_planner":
        this.#second.set(fault, this.start());
        return;
      case "clock_jump":
        this.#wallOffsetMs += fault.byMs;
        return;
      case "budget":
        return this.#setBudget(fault.watts);
      default:
        return;
    }
  }

  end(fault: Fault): void {
    switch (fault.kind) {
      case "planner_crash":
        // It has not written anything meanwhile.
        if (this.#armed.delete(fault)) return;
        this.#down--;
        if (this.#processes.length === 0 && this.#down === 0) {
          // The state file outlives a process, or is on a disk that does not.
          const kept = this.#options.random() < 0.5;
          this.start(kept ? this.#lastSaved : undefined);
        }
        return;
      case "planner_paused":
        this.#armed.delete(fault);
        for (const process of this.#frozen.get(fault) ?? []) {
          this.#frozen.delete(fault);
          const still = [...this.#frozen.values()].some((frozen) =>
            frozen.includes(process)
          );
          if (!still) process.thaw();
        }
        this.#frozen.delete(fault);
        return;
      case "second_planner": {
        const second = this.#second.get(fault);
        this.#second.delete(fault);
        if (second && this.#processes.length > 1) this.#kill(second);
        return;
      }
      default:
        return;
    }
  }

  /** Nothing of it runs on. */
  close(): void {
    for (const process of this.#processes) process.kill();
    this.#processes = [];
  }

  #lastSaved: PlannerProcess["saved"];

  /** The moment that hurts most: the leader has a write on its way. */
  #sent(process: PlannerProcess, step: Step): void {
    if (this.#armed.size === 0 || process !== this.leader) return;
    const adds = step.kind === "patch" &&
      (step.purpose === "grant" || step.purpose === "raise");
    if (!adds) return;
    for (const fault of [...this.#armed]) {
      this.#armed.delete(fault);
      this.#strike(fault);
    }
  }

  #strike(fault: Strike): void {
    if (fault.kind === "planner_paused") return this.#pause(fault);
    this.#down++;
    this.#crash(fault);
  }

  #crash({ heldMs = 0 }: FaultOf<"planner_crash">): void {
    const { leader } = this;
    if (!leader) return;
    this.#lastSaved = leader.saved;
    leader.fleet.holdUp(this.world.nowMs + heldMs);
    this.#kill(leader);
  }

  #kill(process: PlannerProcess): void {
    process.kill();
    this.#processes = this.#processes.filter((one) => one !== process);
  }

  #pause(fault: FaultOf<"planner_paused">): void {
    const { leader } = this;
    if (!leader) return;
    this.#frozen.set(fault, [leader]);
    leader.freeze(fault.atMs + fault.forMs, {
      unaware: fault.unaware ?? false,
    });
  }

  /** Each process reads the changed file when it looks at it; one that starts reads it at once. */
  #setBudget(watts: number): void {
    const { power } = this.#config;
    if (!power) return;
    this.#config = { ...this.#config, power: { ...power, budgetWatts: watts } };
    this.#options.budgetChanged(watts);
    for (const process of this.#processes) {
      const { random } = this.#options;
      const mostMs =
        CONFIG_LAGS_MS[Math.floor(random() * CONFIG_LAGS_MS.length)]!;
      const lagMs = Math.floor(random() * mostMs);
      this.world.at(this.world.nowMs + lagMs, () => {
        process.settings.reload(this.#config);
      });
    }
  }
}
