/** One policy through one day: the planner in service over the simulated world, as fast as it goes. @module */

import {
  type CapacityModel,
  type Decision,
  type Listener,
  type Observation,
  type OpenedModel,
  type PlannerConfig,
  runService,
  type ServiceInput,
} from "../../planner/mod.ts";
import { drive } from "../policies/mod.ts";

/** What a day runs on. */
export interface DayInput {
  readonly config: PlannerConfig;
  /** The model that decides. */
  readonly model: CapacityModel;
  /** The engines' truth. */
  readonly opened: OpenedModel;
  readonly seed: number;
  readonly peakRequestsPerSecond: number;
  /** What is counted against, whatever the policy knows. */
  readonly budgetWatts: number;
  readonly hours: number;
  /** Serves the planner's HTTP side while the day runs. */
  readonly listen?: NonNullable<ServiceInput["listen"]>;
  /** Called after each hour; its promise is waited for. */
  readonly onHour?: (hour: number, windows: readonly DayWindow[]) => unknown;
}

/** One window: what was seen of it, and what was decided at its end. */
export interface DayWindow {
  readonly observed: Observation;
  readonly decision: Decision;
  /** Both latencies were within their targets. */
  readonly withinTargets: boolean;
  readonly servedTokens: number;
  readonly demandedTokens: number;
  readonly joules: number;
  /** Most watts that limits allowed in it, over GPUs that a pod can draw from. */
  readonly limitWatts: number;
}

/** A finished day. */
export interface Day {
  readonly windows: readonly DayWindow[];
  /** Looks at the fleet, and those at which its limits passed the budget (R41). */
  readonly looks: number;
  readonly violations: number;
}

/** Steps of the world, milliseconds. */
const STEP_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Midnight of an ordinary Monday. */
const START_MS = Date.UTC(2026, 0, 5);

/** Runs the day to its end. */
export async function runDay(input: DayInput): Promise<Day> {
  let meter: DayMeter | undefined;
  let hour = 0;
  let seen = 0;
  await drive({
    simulated: {
      config: input.config,
      model: input.model,
      estimators: input.opened.estimators,
      seed: input.seed,
      startMs: START_MS,
      stepMs: STEP_MS,
      peakRequestsPerSecond: input.peakRequestsPerSecond,
    },
    run: (loop, signal) =>
      runService({
        ...loop,
        ...(input.listen ? { listen: input.listen } : {}),
      }, signal),
    endMs: input.hours * HOUR_MS,
    sliceMs: HOUR_MS,
    opened: ({ world }) => {
      meter = new DayMeter(input, () => world.limitWatts());
      return [meter.listener];
    },
    onSlice: async () => {
      const windows = meter?.windows ?? [];
      await input.onHour?.(hour++, windows.slice(seen));
      seen = windows.length;
    },
  });
  if (!meter) throw new Error("A day that was driven has been opened.");
  return meter.day();
}

/** Adds up what the loop tells. */
class DayMeter {
  readonly windows: DayWindow[] = [];
  readonly #input: DayInput;
  readonly #limitWatts: () => number;
  #looks = 0;
  #violations = 0;
  #highest = 0;

  constructor(input: DayInput, limitWatts: () => number) {
    this.#input = input;
    this.#limitWatts = limitWatts;
  }

  readonly listener: Listener = (event) => {
    if (event.kind === "staged") {
      const watts = this.#limitWatts();
      this.#looks++;
      this.#highest = Math.max(this.#highest, watts);
      if (watts > this.#input.budgetWatts) this.#violations++;
    } else if (event.kind === "decided") this.#add(event.record.decision);
  };

  #add(decision: Decision): void {
    const { observed } = decision;
    const { live, windowSeconds } = observed;
    if (!live || observed.requests === undefined) return;
    const { ttftMs, itlMs } = this.#input.config;
    this.windows.push({
      observed,
      decision,
      withinTargets: (live.ttftMs ?? 0) <= ttftMs &&
        (live.itlMs ?? 0) <= itlMs,
      servedTokens: (live.tokensPerSecond ?? 0) * windowSeconds,
      demandedTokens: observed.requests * (observed.oslTokens ?? 0),
      joules: (live.totalDrawWatts ?? 0) * windowSeconds,
      limitWatts: this.#highest,
    });
    this.#highest = this.#limitWatts();
  }

  day(): Day {
    return {
      windows: this.windows,
      looks: this.#looks,
      violations: this.#violations,
    };
  }
}
