/** What a decision knows when it begins: the time, what can be trusted of the window, what is expected. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { CapacityModel } from "./capacity.ts";
import { at } from "./clock.ts";
import { currentOf, type CurrentReplicas } from "./current.ts";
import type { Due } from "./decision.ts";
import { type ExpectedTraffic, expectTraffic } from "./expect_traffic.ts";
import { lastSignals } from "./last_signals.ts";
import type { SideInventory } from "./ledger/mod.ts";
import {
  type LiveSignals,
  type Observation,
  trusted,
  type TrustedObservation,
} from "./observation.ts";
import type { Reason } from "./reason.ts";
import { scalingModes } from "./settings.ts";
import { type PerSide, sidesOf } from "./side.ts";
import type { LastSignals, PlannerState } from "./state.ts";
import { trustedLive } from "./trusted_live.ts";

/** What a decision looks at besides the state. */
export interface DecisionInput {
  /** Now on the planner's clock, milliseconds. */
  readonly nowMs: number;
  /** Which cadences are due (P13). With neither, budgets and what waits are looked at all the same. */
  readonly due: Due;
  readonly observation: Observation;
  /** The fleet as it was read; undefined: there is none to read, and the last targets count as applied. */
  readonly inventory: PerSide<SideInventory> | undefined;
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
}

/** The trusted part of it, and the state at the new time. */
export interface Seen {
  readonly state: PlannerState;
  readonly nowMs: number;
  readonly modes: { readonly throughput: boolean; readonly load: boolean };
  /**
   * The window was not counted before: it is the traffic cadence's, or the load cadence's where that is alone (P14).
   */
  readonly isFresh: boolean;
  readonly values: TrustedObservation;
  readonly live: LiveSignals | undefined;
  readonly signals: LastSignals;
  readonly traffic: ExpectedTraffic;
  readonly current: CurrentReplicas;
  readonly reasons: readonly Reason[];
}

/** Looks at everything once. */
export function see(remembered: PlannerState, input: DecisionInput): Seen {
  const { due, observation, config, model } = input;
  const { state, nowMs, reasons: clock } = at(remembered, input.nowMs);
  const modes = scalingModes(config);
  const { values, reasons: rejected } = trusted(observation);
  const { live, reasons: implausible } = trustedLive(observation, model.gpu);
  const isFresh = due.throughput || (!modes.throughput && due.load);
  const isBlind = isFresh && !hasSignals(live) &&
    (observation.problems?.length ?? 0) > 0;
  const traffic = expectTraffic({
    state,
    model,
    config,
    isDue: due.throughput && modes.throughput,
    values,
  });
  return {
    state,
    nowMs,
    modes,
    isFresh,
    values,
    live,
    signals: lastSignals(state.signals, live, config),
    traffic,
    current: currentOf(input.inventory, sidesOf(config.mode)),
    reasons: [
      ...clock,
      ...rejected,
      ...(isFresh ? implausible : []),
      ...problemReasons(observation),
      ...(isBlind ? [{ kind: "coefficients_held" } as const] : []),
      ...traffic.reasons,
    ],
  };
}

/** Whether anything that a coefficient goes by was seen: a source that fails answers with signals that are all unknown. */
function hasSignals(live: LiveSignals | undefined): boolean {
  return live !== undefined &&
    (live.ttftMs !== undefined || live.itlMs !== undefined ||
      Object.values(live.drawWatts).some((watts) => watts !== undefined));
}

function problemReasons({ problems = [] }: Observation): Reason[] {
  return problems.map(({ kind, what, message }) => ({
    kind: "source_problem",
    problem: kind,
    what,
    message,
  }));
}
