/** One policy through one day: the planner decides on the last window, the next window meets what was decided. @module */

import {
  type FluidSide,
  serveWindow,
  type TrafficOfWindow,
} from "../../simulator/mod.ts";
import type { PlannerConfig } from "../config/mod.ts";
import {
  type CapacityModel,
  decide,
  type Decision,
  initialState,
  type SideTarget,
} from "../core/mod.ts";

/** One window of a finished day. */
export interface DayWindow {
  readonly traffic: TrafficOfWindow;
  /** The decision in force during the window. */
  readonly decision: Decision;
  readonly servedRequests: number;
  readonly joules: number;
  /** Caps × GPUs of what is in force, added up here from the targets and not taken from the decision. */
  readonly capWatts: number;
  readonly gpus: number;
}

/** What a day runs on. */
export interface DayInput {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  /** The first window is seen and not served: it is the last one of the day before. */
  readonly traffic: readonly TrafficOfWindow[];
  /** Draw of a GPU that waits, watts. */
  readonly idleWatts: number;
}

/** Runs the day and yields each window as it ends. */
export function* runDay(input: DayInput): Generator<DayWindow> {
  const { config, model } = input;
  const windowSeconds = config.throughputIntervalSeconds;
  let state = initialState(config.optimizer.initialCoefficients);
  let last: TrafficOfWindow | undefined;
  for (const traffic of input.traffic) {
    if (last) {
      const next = decide(state, {
        config,
        model,
        nowMs: traffic.atSeconds * 1000,
        due: { throughput: true, load: false },
        inventory: undefined,
        observation: {
          atMs: traffic.atSeconds * 1000,
          windowSeconds,
          requests: last.requests,
          islTokens: last.islTokens,
          oslTokens: last.oslTokens,
        },
      });
      state = next.state;
      yield windowOf(input, traffic, next.decision);
    }
    last = traffic;
  }
}

function windowOf(
  input: DayInput,
  traffic: TrafficOfWindow,
  decision: Decision,
): DayWindow {
  const { targets } = decision;
  const sides = targets.map((target) => fluidSide(input, traffic, target));
  const { servedRequests, joules } = serveWindow(
    traffic.requests,
    input.config.throughputIntervalSeconds,
    sides,
  );
  let capWatts = 0;
  let gpus = 0;
  for (const { replicas, gpusPerReplica, capWatts: cap } of targets) {
    const sideGpus = replicas * gpusPerReplica;
    gpus += sideGpus;
    capWatts += sideGpus * (cap ?? input.model.gpu.maxWatts);
  }
  return { traffic, decision, servedRequests, joules, capWatts, gpus };
}

/** What a side really does in the window: the model at the cap in force and at the lengths that came. */
function fluidSide(
  { config, model, idleWatts }: DayInput,
  traffic: TrafficOfWindow,
  target: SideTarget,
): FluidSide {
  const answer = model.answer({
    side: target.side,
    islTokens: traffic.islTokens,
    oslTokens: traffic.oslTokens,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    coefficients: config.optimizer.initialCoefficients,
    caps: target.capWatts === undefined
      ? { kind: "none" }
      : { kind: "fixed", capWatts: target.capWatts },
  });
  const point = answer.kind === "points" ? answer.points[0] : undefined;
  return {
    gpus: target.replicas * target.gpusPerReplica,
    requestsPerSecond: target.replicas * (point?.requestsPerSecond ?? 0),
    busyWatts: point?.drawWatts ?? target.capWatts ?? model.gpu.tdpWatts,
    idleWatts,
  };
}
