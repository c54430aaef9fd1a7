/** A loop to test: time that only the test moves, a fleet and a source that do what they are told. @module */

import { setImmediate } from "node:timers";
import type { PlannerConfig } from "../../../../planner/config/mod.ts";
import {
  decide,
  type FleetSnapshot,
  type Observation,
  type SideTarget,
  type Step,
  type StepOutcome,
  type Transition,
} from "../../../../planner/core/mod.ts";
import type { Fleet } from "../../../../planner/fleets/mod.ts";
import {
  type Brain,
  type LoopClock,
  type LoopEvent,
  type LoopOptions,
  PlannerLoop,
  Settings,
} from "../../../../planner/loop/mod.ts";
import type {
  ObservationRequest,
  TrafficSource,
} from "../../../../planner/sources/mod.ts";
import { VirtualClock } from "../../cluster/virtual_clock.ts";
import { configOf, modelOf, OPTIMIZER, window } from "../stand_in.ts";

/** Begin of the tests' time. */
export const START_MS = 1_800_000_000_000;

/** A virtual clock with a wall that the test can shift. */
export class LoopTestClock extends VirtualClock implements LoopClock {
  /** Milliseconds by which the wall is off. */
  shiftMs = 0;

  wallMs(): number {
    return START_MS + this.now() + this.shiftMs;
  }

  /** Lets everything happen that `milliseconds` bring, one wake after the other. */
  async run(milliseconds: number): Promise<void> {
    const endMs = this.now() + milliseconds;
    while (true) {
      await turn();
      const next = this.pendingMs[0];
      if (next === undefined || this.now() + next > endMs) break;
      this.advance(next);
    }
    this.advance(endMs - this.now());
    await turn();
  }
}

/** One turn of the event loop: every promise that can settle has settled. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** A source whose answer the test sets. */
export class ScriptedSource implements TrafficSource {
  readonly name = "scripted source";
  readonly asked: ObservationRequest[] = [];
  answer: (
    request: ObservationRequest,
    signal: AbortSignal,
  ) => Promise<Observation> | Observation;

  constructor(requestsPerSecond = 2) {
    this.answer = ({ atMs, windowSeconds }) =>
      window(requestsPerSecond * windowSeconds / 60, { atMs, windowSeconds });
  }

  async observe(
    request: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation> {
    this.asked.push(request);
    return await this.answer(request, signal);
  }
}

/** A fleet that remembers what was written to it. */
export class ScriptedFleet implements Fleet {
  readonly name = "scripted fleet";
  readonly applied: Step[] = [];
  readonly clock: LoopTestClock;
  /** Ready at once. */
  replicas: Record<string, number> = { prefill: 1, decode: 1 };
  outcome: (
    step: Step,
    signal: AbortSignal,
  ) => Promise<StepOutcome> | StepOutcome = () => ({ kind: "done" });
  look: (signal: AbortSignal) => Promise<void> | void = () => {};
  #wakers: (() => void)[] = [];
  #isChanged = false;

  constructor(clock: LoopTestClock) {
    this.clock = clock;
  }

  async snapshot(signal: AbortSignal): Promise<FleetSnapshot> {
    this.#isChanged = false;
    await this.look(signal);
    return {
      atMs: this.clock.wallMs(),
      consistent: true,
      sides: Object.fromEntries(
        Object.entries(this.replicas).map(([side, replicas]) => [side, {
          targetReplicas: replicas,
          readyReplicas: replicas,
          startingReplicas: 0,
          rollout: "settled" as const,
          gpusPerReplica: 1,
        }]),
      ),
      pods: [],
      reports: [],
      lease: undefined,
    };
  }

  async apply(step: Step, signal: AbortSignal): Promise<StepOutcome> {
    this.applied.push(step);
    const outcome = await this.outcome(step, signal);
    if (outcome.kind === "done" && step.kind === "scale") {
      this.replicas[step.side] = step.replicas;
    }
    return outcome;
  }

  changed(signal: AbortSignal): Promise<void> {
    if (this.#isChanged) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakers.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Something happened in the fleet. */
  change(): void {
    this.#isChanged = true;
    for (const wake of this.#wakers.splice(0)) wake();
  }
}

/** A ledger that counts: charges are caps × replicas of the fleet, every difference is one scale step. */
export interface CountingLedger {
  readonly staged: number;
  readonly settled: readonly {
    readonly step: Step;
    readonly outcome: StepOutcome;
  }[];
}

/** The real decisions over {@linkcode CountingLedger}; tests replace parts. */
export function countingBrain(): Brain<CountingLedger> {
  return {
    decide: (state, input) => decide(state, input),
    emptyLedger: () => ({ staged: 0, settled: [] }),
    stage(ledger, { snapshot, targets, budgetWatts }) {
      const steps = scaleSteps(snapshot, targets);
      return {
        ledger: { ...ledger, staged: ledger.staged + 1 },
        transition: {
          ...settledTransition(budgetWatts ?? Infinity),
          steps,
          settled: steps.length === 0,
        },
      };
    },
    settle: (ledger, step, outcome) => ({
      ...ledger,
      settled: [...ledger.settled, { step, outcome }],
    }),
  };
}

/** A transition with nothing to do. */
export function settledTransition(budgetInForceWatts: number): Transition {
  return {
    steps: [],
    waits: [],
    alarms: [],
    charges: [],
    chargedWatts: 0,
    budgetInForceWatts,
    compliant: true,
    unreachable: undefined,
    settled: true,
  };
}

function scaleSteps(
  snapshot: FleetSnapshot,
  targets: readonly SideTarget[],
): Step[] {
  return targets.flatMap(({ side, replicas }): Step[] => {
    const fromReplicas = snapshot.sides[side]?.targetReplicas;
    return fromReplicas === replicas
      ? []
      : [{ kind: "scale", side, replicas, fromReplicas }];
  });
}

/** A step that patches a pod. */
export function patch(
  name: string,
  purpose: (Step & { kind: "patch" })["purpose"],
  watts = 300,
): Step {
  return {
    kind: "patch",
    pod: { namespace: "ns", name, uid: `uid-${name}`, resourceVersion: "1" },
    grant: {
      podUid: `uid-${name}`,
      generation: { epoch: 1, sequence: 1 },
      watts,
      boundWatts: watts,
    },
    purpose,
  };
}

/** Everything of one test. */
export interface World {
  readonly clock: LoopTestClock;
  readonly source: ScriptedSource;
  readonly fleet: ScriptedFleet;
  readonly settings: Settings;
  readonly events: LoopEvent[];
  readonly loop: PlannerLoop<CountingLedger>;
  start(): void;
  /** Stops and waits for the end, moving time as far as it needs. */
  stop(): Promise<void>;
  readonly stopping: AbortController;
  eventsOf<Kind extends LoopEvent["kind"]>(
    kind: Kind,
  ): (LoopEvent & { kind: Kind })[];
}

/** The configuration of the tests: both sides, the optimizer, two cadences. */
export const CONFIG = `${OPTIMIZER}
total_gpu_power_limit: 12000
max_gpu_budget: 64
throughput_adjustment_interval_seconds: 60
load_adjustment_interval_seconds: 5
`;

/** The tests' model: 1 request/s a prefill replica, 0.5 a decode replica. */
export const MODEL = modelOf({
  prefill: { requestsPerSecond: 1, drawWatts: 600 },
  decode: { requestsPerSecond: 0.5, drawWatts: 400 },
});

/** A world around a loop that has not started. */
export function world(
  options: {
    readonly config?: PlannerConfig;
    readonly brain?: Partial<Brain<CountingLedger>>;
    readonly loop?: Partial<LoopOptions<CountingLedger>>;
    readonly requestsPerSecond?: number;
  } = {},
): World {
  const clock = new LoopTestClock();
  const source = new ScriptedSource(options.requestsPerSecond);
  const fleet = new ScriptedFleet(clock);
  const settings = new Settings(options.config ?? configOf(CONFIG), MODEL);
  const events: LoopEvent[] = [];
  const loop = new PlannerLoop({
    clock,
    source,
    fleet,
    settings,
    brain: { ...countingBrain(), ...options.brain },
    listeners: [(event) => events.push(event)],
    ...options.loop,
  });
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  return {
    clock,
    source,
    fleet,
    settings,
    events,
    loop,
    stopping,
    start: () => void (running = loop.run(stopping.signal)),
    async stop() {
      stopping.abort();
      let ended = false;
      const end = running?.finally(() => ended = true);
      for (let i = 0; i < 100 && !ended; i++) await clock.run(1000);
      await end;
    },
    eventsOf: (kind) =>
      events.filter((event): event is LoopEvent & { kind: typeof kind } =>
        event.kind === kind
      ),
  };
}
