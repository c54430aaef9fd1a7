/** One policy through one day: the planner in service over the simulated world, as fast as it goes. @module */

import type { Decision, Observation } from "../core/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import type { CapacityModel } from "../core/mod.ts";
import { openSimulated } from "../environments/mod.ts";
import type { Listener } from "../loop/mod.ts";
import type { OpenedModel } from "../open_model.ts";
import { runService, type ServiceInput } from "../run_service.ts";

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

/** Steps of the world, and the longest time between two looks at the fleet, milliseconds. */
const STEP_MS = 5_000;
const LOOK_MS = 30_000;
const HOUR_MS = 3_600_000;
/** Midnight of an ordinary Monday. */
const START_MS = Date.UTC(2026, 0, 5);
/** Real time that is given to what the end of a day still has to do, milliseconds. */
const END_TURN_MS = 5;

/** Runs the day to its end. */
export async function runDay(input: DayInput): Promise<Day> {
  const environment = openSimulated({
    config: input.config,
    model: input.model,
    estimators: input.opened.estimators,
    seed: input.seed,
    speed: undefined,
    startMs: START_MS,
    stepMs: STEP_MS,
    peakRequestsPerSecond: input.peakRequestsPerSecond,
  });
  const meter = new DayMeter(input, () => environment.world.limitWatts());
  const stop = new AbortController();
  const running = runService({
    config: input.config,
    model: input.model,
    environment,
    listeners: [meter.listener],
    times: { lookMs: LOOK_MS },
    ...(input.listen ? { listen: input.listen } : {}),
  }, stop.signal);
  let done = false;
  const ended = running.finally(() => done = true);
  // A failure to start is told by `ended`; nothing is to be waited for then.
  ended.catch(() => {});
  for (let hour = 0; hour < input.hours && !done; hour++) {
    const from = meter.windows.length;
    await environment.clock.runTo((hour + 1) * HOUR_MS);
    await input.onHour?.(hour, meter.windows.slice(from));
  }
  stop.abort();
  while (!done) {
    await environment.clock.runTo(environment.clock.now() + STEP_MS);
    await new Promise((resolve) => setTimeout(resolve, END_TURN_MS));
  }
  await ended;
  await environment[Symbol.asyncDispose]();
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
