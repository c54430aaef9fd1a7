/** A planner's loop over an environment, with what every planner has, wherever it runs. Needs neither Deno nor Node. @module */

import type { PlannerConfig } from "./config/planner_config.ts";
import type { CapacityModel, LedgerState } from "./core/mod.ts";
import type { Environment } from "./environments/environment.ts";
import {
  type Listener,
  type LoopTimes,
  PLANNER_BRAIN,
  PlannerLoop,
  type SavedState,
  Settings,
  type StateStore,
} from "./loop/mod.ts";
import type { TrafficHistory } from "./predict/mod.ts";
import { refuseImpossibleFloors } from "./run.ts";

/** What a loop is made of. */
export interface LoopInput {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  readonly environment: Environment;
  /** Absent: nothing survives a restart. */
  readonly store?: StateStore | undefined;
  /** What an earlier process saved. */
  readonly saved?: SavedState | undefined;
  /** History of a cold start, from a trace (P20). */
  readonly warmHistory?: TrafficHistory | undefined;
  readonly listeners?: readonly Listener[];
  readonly times?: Partial<LoopTimes>;
  /** Decide so often and end. */
  readonly stopAfterDecisions?: number | undefined;
}

/** Opens the loop; it does not run yet. */
export function openLoop(input: LoopInput): PlannerLoop<LedgerState> {
  const { config, model, environment } = input;
  const loop = new PlannerLoop({
    clock: environment.clock,
    source: environment.source,
    fleet: environment.fleet,
    settings: new Settings(config, model),
    brain: PLANNER_BRAIN,
    store: input.store,
    saved: input.saved,
    warmHistory: input.warmHistory,
    times: {
      tickMs: config.scheduling.tickMaxDurationSeconds * 1000,
      ...input.times,
    },
    listeners: input.listeners ?? [],
    decisions: input.stopAfterDecisions,
  });
  if (environment.listener) loop.listen(environment.listener);
  return loop;
}

/**
 * Runs a loop with nothing beside it until the signal aborts.
 *
 * @throws {WattkeeperError} `infeasible` when the floors cannot fit the budget at any cap (R12)
 */
export async function runLoop(
  input: LoopInput,
  signal: AbortSignal,
): Promise<void> {
  refuseImpossibleFloors(input.config, input.model);
  await openLoop(input).run(signal);
}
