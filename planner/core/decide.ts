/** The decision: one pure function from what is known to what is to be (R20). @module */

import type { PlannerConfig } from "../config/mod.ts";
import { admissionOf } from "./admission.ts";
import type { CapacityModel } from "./capacity.ts";
import { answerNeeds, closeLoop, type LoopFacts } from "./closed_loop.ts";
import { at } from "./clock.ts";
import { currentOf } from "./current.ts";
import type { Decision, Due, SideTarget } from "./decision.ts";
import { capReasons } from "./cap_reasons.ts";
import { passBoundary } from "./boundary.ts";
import { gpuBudgetOf } from "./target_counts.ts";
import type { SideInventory } from "./ledger/mod.ts";
import { type Observation, trusted } from "./observation.ts";
import { trustedLive } from "./trusted_live.ts";
import { optimizerOutcome } from "./optimizer_outcome.ts";
import { outlook, shortfall } from "./outlook.ts";
import { expectTraffic } from "./expect_traffic.ts";
import { type NeedInput, type Needs, needsOf, raw } from "./propose.ts";
import { mergeProposals } from "./merge_proposals.ts";
import { scaleLoad } from "./load/mod.ts";
import { proposeThroughput } from "./throughput.ts";
import type { Reason, Replicas } from "./reason.ts";
import { isAuthoredCapUnknown, scalingModes } from "./settings.ts";
import { type PerSide, sidesOf } from "./side.ts";
import { lastSignals } from "./last_signals.ts";
import type { PlannerState } from "./state.ts";

/** What {@linkcode decide} looks at besides the state. */
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

/**
 * Observed → corrected → predicted → searched → proposed → within GPUs → within watts.
 *
 * Pure: no I/O, no clock, no randomness. With power awareness the targets never pass the budget, whatever was
 * observed, except under `budget_below_floor: hold_floor`, which declares the excess. A model that throws is a reason,
 * never an exception.
 *
 * @returns the state for the next call and the decision with its reasons
 */
export function decide(
  remembered: PlannerState,
  input: DecisionInput,
): { readonly state: PlannerState; readonly decision: Decision } {
  const { due, observation, inventory, config, model } = input;
  const { state, nowMs, reasons: clock } = at(remembered, input.nowMs);
  const modes = scalingModes(config);
  const { values, reasons: rejected } = trusted(observation);
  const { live, reasons: implausible } = trustedLive(observation, model.gpu);
  const signals = lastSignals(state.signals, live, config);
  const traffic = expectTraffic({
    state,
    model,
    config,
    isDue: due.throughput && modes.throughput,
    values,
  });
  // One window is counted once: the traffic cadence's, or the load cadence's where it is alone (P14).
  const isFresh = due.throughput || (!modes.throughput && due.load);
  const need: NeedInput = {
    config,
    model,
    optimizer: state.optimizer,
    coefficients: state.coefficients,
    inventory,
    last: state.last,
    shape: traffic.shape,
    forecast: traffic.forecast,
    kvHitRate: signals.kvHitRate,
    acceptLength: signals.acceptLength ?? 1,
  };
  const facts: LoopFacts = {
    need,
    watch: state.watch,
    live: isFresh ? live : undefined,
    requests: values.requests,
    nowMs,
  };
  const first = closeLoop(facts);
  const firstNeed = { ...need, ...pick(first) };
  const loop = due.throughput
    ? answerNeeds(facts, first, needsOf(firstNeed))
    : first;
  const inForce: NeedInput = { ...need, ...pick(loop) };
  const needs = needsOf(inForce);
  const current = currentOf(inventory, sidesOf(config.mode));
  const standing = needs.sides.map((
    { side, gpusPerReplica, capWatts, point },
  ): SideTarget => ({
    side,
    replicas: current.target[side] ?? state.last[side]?.replicas ??
      config.floors[side],
    gpusPerReplica,
    capWatts,
    point,
  }));
  const budget = gpuBudgetOf(config, standing);
  const toFloors = loop.reasons.some((reason) =>
    reason.kind === "optimizer_disabled" &&
    reason.because === "infeasible_at_startup"
  );
  const throughput = due.throughput && modes.throughput
    ? proposeThroughput({
      config,
      needs,
      ceilings: loop.optimizer.disabled === undefined
        ? loop.optimizer.plan?.ceilings
        : undefined,
      current,
      budget,
      missing: traffic.missing,
    })
    : undefined;
  const load = due.load && modes.load
    ? scaleLoad({
      config,
      memory: state.load,
      inventory,
      engines: live?.engines,
      islTokens: values.islTokens ?? traffic.shape.islTokens,
      kvHitRate: signals.kvHitRate,
      acceptLength: signals.acceptLength ?? 1,
      nowMs,
    })
    : undefined;
  const merged = mergeProposals({
    config,
    modes,
    due,
    current,
    budget,
    throughput,
    load,
    lowerBounds: state.lowerBounds,
    wanted: state.wanted,
    toFloors,
  });
  const passed = passBoundary({
    need: inForce,
    standing,
    current,
    proposed: merged.proposed,
    rolloutHeld: state.rolloutHeld,
  });
  const { targets } = passed;
  const { admission, reasons: admissionReasons } = admissionOf({
    config,
    plan: loop.optimizer.plan,
    live,
  });
  const capped = capReasons({
    need: inForce,
    needs,
    targets,
    asked: throughput?.asked,
  });
  const shaping: Reason[] = [
    ...merged.reasons,
    ...capped.reasons,
    ...passed.reasons,
  ];
  const sequence = state.sequence + 1;
  const proposed: Replicas = {
    ...Object.fromEntries(
      targets.map(({ side }) => [
        side,
        capped.asked?.[side] ?? throughput?.asked[side] ??
          merged.proposed[side] ??
          standing.find((target) => target.side === side)?.replicas ?? 0,
      ]),
    ),
  };
  const isBlind = isFresh && observation.live === undefined &&
    (observation.problems?.length ?? 0) > 0;
  const decision: Decision = {
    sequence,
    atMs: observation.atMs,
    nowMs,
    due,
    paused: config.paused,
    advisory: config.advisory,
    goals: {
      ttftMs: config.ttftMs,
      itlMs: config.itlMs,
      maxGpus: config.maxGpus,
    },
    observed: observation,
    predicted: traffic.forecast,
    proposed,
    previous: Object.fromEntries(
      Object.entries(state.last).map(([side, last]) => [side, last.replicas]),
    ),
    found: inventory,
    targets,
    decided: passed.decided,
    throughput: due.throughput
      ? modes.throughput ? throughput?.decision ?? "unset" : "disabled"
      : undefined,
    load: due.load
      ? {
        decision: merged.loadDecision,
        estimatedTtftMs: load?.estimatedTtftMs,
        estimatedItlMs: load?.estimatedItlMs,
      }
      : undefined,
    lowerBounds: merged.lowerBounds,
    coefficients: {
      before: state.coefficients,
      after: loop.coefficients,
      updates: loop.updates,
      pegged: Object.fromEntries(
        Object.entries(loop.watch.pegged).map(([name, { sinceMs }]) => [
          name,
          sinceMs,
        ]),
      ),
      peggedTotal: loop.watch.peggedTotal,
      censoredTicks: loop.watch.censoredTicks,
    },
    optimizer: optimizerOutcome(loop, config, nowMs),
    admission,
    ...outlook(targets, config, traffic.forecast),
    reasons: [
      ...clock,
      ...rejected,
      ...(isFresh ? implausible : []),
      ...problemReasons(observation),
      ...(isBlind ? [{ kind: "coefficients_held" } as const] : []),
      ...traffic.reasons,
      ...loop.reasons,
      ...needs.reasons,
      ...targets.flatMap(({ side, capWatts = 0 }): Reason[] =>
        isAuthoredCapUnknown({ ...inForce, gpu: model.gpu }, side)
          ? [{ kind: "authored_cap_unknown", side, chargedWatts: capWatts }]
          : []
      ),
      ...shaping,
      ...(due.throughput ? admissionReasons : []),
      ...shortfall(targets, traffic.forecast, shaping),
    ],
  };
  return {
    decision,
    state: {
      sequence,
      nowMs,
      history: traffic.history,
      expected: traffic.forecast ?? state.expected,
      signals,
      rolloutHeld: passed.rolloutHeld,
      last: lastTargets(targets, needs, loop.coefficients),
      wanted: stillWanted(merged.proposed, targets),
      lowerBounds: merged.lowerBounds,
      coefficients: loop.coefficients,
      watch: loop.watch,
      optimizer: loop.optimizer,
      load: load?.memory ?? state.load,
    },
  };
}

function pick(
  { optimizer, coefficients }: ReturnType<typeof closeLoop>,
): Pick<NeedInput, "optimizer" | "coefficients"> {
  return { optimizer, coefficients };
}

/** Targets as the next tick's denominators: what the model says without any correction (R14). */
function lastTargets(
  targets: readonly SideTarget[],
  needs: Needs,
  { ttft, itl }: NeedInput["coefficients"],
): PlannerState["last"] {
  return Object.fromEntries(
    targets.map(({ side, replicas, capWatts, point }, index) => {
      const need = needs.sides[index];
      const isSame = need !== undefined && need.point === point;
      return [side, {
        replicas,
        capWatts,
        rawWatts: point?.predictedWatts,
        rawTtftMs: isSame ? need.rawTtftMs : raw(point?.ttftMs, ttft),
        rawItlMs: isSame ? need.rawItlMs : raw(point?.itlMs, itl),
      }];
    }),
  );
}

/** What was proposed and did not pass yet. */
function stillWanted(
  proposed: Replicas,
  targets: readonly SideTarget[],
): Replicas {
  return Object.fromEntries(
    targets.flatMap(({ side, replicas }) => {
      const wanted = proposed[side];
      return wanted !== undefined && wanted !== replicas
        ? [[side, wanted]]
        : [];
    }),
  );
}

function problemReasons({ problems = [] }: Observation): Reason[] {
  return problems.map(({ kind, what, message }) => ({
    kind: "source_problem",
    problem: kind,
    what,
    message,
  }));
}
