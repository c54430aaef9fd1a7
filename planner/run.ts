/** The loop: observe → predict → propose → constrain → actuate → record (R20). @module */

import { WattkeeperError } from "../service/portable.ts";
import type { PlannerConfig } from "./config/mod.ts";
import {
  type CapacityModel,
  decide,
  type Decision,
  floorFootprint,
  initialState,
  type Observation,
  type PlannerState,
} from "./core/mod.ts";

/** What the loop runs on. */
export interface LoopInput {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  /** Observations in the order of time; the loop ends with them. */
  readonly observations: AsyncIterable<Observation> | Iterable<Observation>;
  /** Called with every decision, after it was applied. */
  readonly record: (decision: Decision) => Promise<void> | void;
  readonly signal: AbortSignal;
}

/**
 * Runs until the observations end or the signal aborts; then the decision in progress is finished first.
 *
 * @returns the state after the last decision
 * @throws {WattkeeperError} `infeasible` when the floors cannot fit the power budget at any cap (R12, at start)
 */
export async function runPlanner(input: LoopInput): Promise<PlannerState> {
  const { config, model } = input;
  refuseImpossibleFloors(config, model);
  let state = initialState(config.optimizer.initialCoefficients);
  for await (const observation of input.observations) {
    if (input.signal.aborted) break;
    const next = decide(state, {
      nowMs: observation.atMs,
      due: { throughput: true, load: config.loadScaling },
      observation,
      inventory: undefined,
      config,
      model,
    });
    await input.record(next.decision);
    state = next.state;
  }
  return state;
}

/** R12, below the floor, at start: exit 1 with both numbers. */
export function refuseImpossibleFloors(
  config: PlannerConfig,
  model: CapacityModel,
): void {
  const { power } = config;
  if (!power) return;
  const { lowestWatts, gpus } = floorFootprint(config, model);
  if (lowestWatts <= power.budgetWatts) return;
  throw new WattkeeperError(
    "infeasible",
    `The floors need ${lowestWatts} W for ${gpus} GPUs at their lowest caps, and the power budget is ${power.budgetWatts} W.`,
    {
      where: "total_gpu_power_limit",
      remedy: `Raise it to at least ${lowestWatts}, or lower min_endpoint.`,
    },
  );
}
