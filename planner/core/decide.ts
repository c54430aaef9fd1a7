/** The decision: one pure function from what is known to what is to be (R20). @module */

import type { PlannerConfig } from "../config/mod.ts";
import {
  type Forecast,
  forecast,
  selectPredictor,
  type TrafficHistory,
  withWindow,
} from "../predict/mod.ts";
import { bridgeCap } from "./cap_bridge.ts";
import type { CapacityModel } from "./capacity.ts";
import { constrainGpus } from "./constrain_gpus.ts";
import { constrainPower } from "./constrain_power.ts";
import {
  capWattsOf,
  type Decision,
  replicasOf,
  type SideTarget,
} from "./decision.ts";
import { type Observation, trusted } from "./observation.ts";
import { type ProposalInput, propose } from "./propose.ts";
import type { Reason } from "./reason.ts";
import { plannerChoosesCaps } from "./settings.ts";
import type { PlannerState } from "./state.ts";

/** What {@linkcode decide} looks at besides the state. */
export interface DecisionInput {
  readonly observation: Observation;
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
}

/**
 * Observed → predicted → proposed → within GPUs → within watts.
 *
 * Pure: no I/O, no clock, no randomness. With power awareness the targets never pass the budget, whatever was
 * observed, except under `budget_below_floor: hold_floor`, which declares the excess.
 *
 * @returns the state for the next call and the decision with its reasons
 */
export function decide(
  state: PlannerState,
  { observation, config, model }: DecisionInput,
): { readonly state: PlannerState; readonly decision: Decision } {
  const { values, reasons: rejected } = trusted(observation);
  const usual = {
    islTokens: model.usualIslTokens,
    oslTokens: model.usualOslTokens,
  };
  const history: TrafficHistory = values.requestsPerSecond === undefined
    ? state.history
    : withWindow(state.history, {
      ...values,
      requestsPerSecond: values.requestsPerSecond,
    }, usual);
  const expected = forecast(
    history,
    selectPredictor(config.predictor).predictor,
    usual,
  );
  const known = values.requestsPerSecond !== undefined;
  const input: ProposalInput = {
    state,
    config,
    model,
    shape: expected,
    forecast: known ? expected : undefined,
  };
  const proposal = propose(input);
  const fitting = constrainGpus(proposal.targets, config);
  const { power } = config;
  const { targets, reasons } = power
    ? constrainPower({ ...input, power, proposal, fitting })
    : fitting;
  const sequence = state.sequence + 1;
  const decision: Decision = {
    sequence,
    atMs: observation.atMs,
    observed: observation,
    predicted: input.forecast,
    proposed: replicasOf(proposal.targets),
    previous: Object.fromEntries(
      Object.entries(state.last).map(([side, last]) => [side, last.replicas]),
    ),
    targets,
    ...outlook(targets, config, input.forecast),
    reasons: [
      ...rejected,
      ...proposal.reasons,
      ...replacedPredictions(targets, input),
      ...reasons,
      ...shortfall(targets, input.forecast, reasons),
    ],
  };
  return {
    decision,
    state: {
      ...state,
      sequence,
      history,
      last: Object.fromEntries(
        targets.map(({ side, replicas, capWatts }) => [
          side,
          { replicas, capWatts },
        ]),
      ),
    },
  };
}

/** What the targets will do: GPUs, watts, capacity, latencies. */
function outlook(
  targets: readonly SideTarget[],
  config: PlannerConfig,
  expected: Forecast | undefined,
) {
  const capacity = capacityOf(targets);
  const served = capacity !== undefined && expected
    ? Math.min(capacity, expected.requestsPerSecond)
    : undefined;
  const draws = targets.map(({ replicas, gpusPerReplica, point }) =>
    point && replicas * gpusPerReplica * point.drawWatts
  );
  return {
    gpus: targets.reduce(
      (sum, { replicas, gpusPerReplica }) => sum + replicas * gpusPerReplica,
      0,
    ),
    projectedWatts: config.power ? capWattsOf(targets) : undefined,
    budgetWatts: config.power?.budgetWatts,
    expectedDrawWatts: draws.reduce<number | undefined>(
      (sum, draw) =>
        sum === undefined || draw === undefined ? undefined : sum + draw,
      0,
    ),
    capacityRequestsPerSecond: capacity,
    demandTokensPerSecond: expected &&
      expected.requestsPerSecond * expected.oslTokens,
    servedTokensPerSecond: served !== undefined && expected
      ? served * expected.oslTokens
      : undefined,
    ttftMs: targets.find(({ side }) => side !== "decode")?.point?.ttftMs,
    itlMs: targets.find(({ side }) => side !== "prefill")?.point?.itlMs,
  };
}

/** Requests per second that all sides together sustain: the weakest side decides. */
export function capacityOf(targets: readonly SideTarget[]): number | undefined {
  let capacity = Number.POSITIVE_INFINITY;
  for (const { replicas, point } of targets) {
    if (replicas === 0) return 0;
    if (!point) return undefined;
    capacity = Math.min(capacity, replicas * point.requestsPerSecond);
  }
  return Number.isFinite(capacity) ? capacity : undefined;
}

/** R11, once a side. */
function replacedPredictions(
  targets: readonly SideTarget[],
  { config, model }: ProposalInput,
): Reason[] {
  if (!plannerChoosesCaps(config)) return [];
  return targets.flatMap(({ side, point }): Reason[] => {
    if (!point) return [];
    const { replaced, usedWatts } = bridgeCap(
      point.predictedWatts,
      1,
      model.gpu,
    );
    return replaced
      ? [{
        kind: "prediction_replaced",
        side,
        predictedWatts: point.predictedWatts,
        usedWatts,
      }]
      : [];
  });
}

function shortfall(
  targets: readonly SideTarget[],
  expected: Forecast | undefined,
  reasons: readonly Reason[],
): Reason[] {
  const capacity = capacityOf(targets);
  if (!expected || capacity === undefined) return [];
  if (capacity >= expected.requestsPerSecond) return [];
  const byWatts = reasons.some(({ kind }) =>
    kind === "power_budget" || kind === "below_floor"
  );
  return [{
    kind: "demand_not_met",
    boundBy: byWatts ? "watts" : "gpus",
    forecastRequestsPerSecond: expected.requestsPerSecond,
    capacityRequestsPerSecond: capacity,
  }];
}
