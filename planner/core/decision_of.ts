/** The decision as a value, put together from its steps. @module */

import { admissionOf } from "./admission.ts";
import type { Passed } from "./boundary.ts";
import { capReasons } from "./cap_reasons.ts";
import type { LoopResult } from "./closed_loop.ts";
import type { CurrentReplicas } from "./current.ts";
import type { Decision } from "./decision.ts";
import { optimizerOutcome } from "./optimizer_outcome.ts";
import type { CoefficientOutcome } from "./outcome.ts";
import { outlook, shortfall } from "./outlook.ts";
import type { Asked } from "./proposals.ts";
import type { Reason, Replicas } from "./reason.ts";
import type { DecisionInput, Seen } from "./seen.ts";
import { isAuthoredCapUnknown } from "./settings.ts";

/** Everything that was seen, asked for and let through, with the reasons in the order in which they took effect. */
export function decisionOf(
  { due, observation, inventory, config, model }: DecisionInput,
  { seen, asked, passed }: {
    readonly seen: Seen;
    readonly asked: Asked;
    readonly passed: Passed;
  },
): Decision {
  const { state, nowMs, modes, traffic } = seen;
  const { loop, need, needs, throughput, load, merged } = asked;
  const { targets } = passed;
  const admission = admissionOf({
    config,
    plan: loop.optimizer.plan,
    live: seen.live,
  });
  const capped = capReasons({ need, needs, targets, asked: throughput?.asked });
  const shaping: Reason[] = [
    ...merged.reasons,
    ...capped.reasons,
    ...passed.reasons,
    ...waitingSteps(seen.current, merged.carried, passed),
  ];
  return {
    sequence: state.sequence + 1,
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
    proposed: proposedOf(asked, capped.asked),
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
    coefficients: coefficientsOf(seen, loop),
    optimizer: optimizerOutcome(loop, config, nowMs),
    admission: admission.admission,
    ...outlook(targets, config, traffic.forecast),
    reasons: [
      ...seen.reasons,
      ...loop.reasons,
      ...needs.reasons,
      ...targets.flatMap(({ side, capWatts = 0 }): Reason[] =>
        isAuthoredCapUnknown({ ...need, gpu: model.gpu }, side)
          ? [{ kind: "authored_cap_unknown", side, chargedWatts: capWatts }]
          : []
      ),
      ...shaping,
      ...(due.throughput ? admission.reasons : []),
      ...shortfall(targets, traffic.forecast, shaping),
    ],
  };
}

/** Steps of earlier decisions that this one makes. */
function waitingSteps(
  { target: found }: CurrentReplicas,
  carried: Replicas,
  { targets, decided }: Passed,
): Reason[] {
  return targets.flatMap(({ side, replicas }): Reason[] => {
    const wanted = carried[side];
    const isMade = wanted !== undefined && decided.includes(side) &&
      replicas !== found[side];
    return isMade
      ? [{
        kind: "waiting_step",
        side,
        from: found[side],
        to: replicas,
        wanted,
      }]
      : [];
  });
}

/** What was asked for before any budget: demand at the own draw, else at the caps in force, else what load proposes. */
function proposedOf(
  { throughput, merged, standing }: Asked,
  ownDraw: Replicas | undefined,
): Replicas {
  return Object.fromEntries(
    standing.map(({ side, replicas }) => [
      side,
      ownDraw?.[side] ?? throughput?.asked[side] ?? merged.proposed[side] ??
        replicas,
    ]),
  );
}

function coefficientsOf(
  { state }: Seen,
  { coefficients, watch, updates }: LoopResult,
): CoefficientOutcome {
  return {
    before: state.coefficients,
    after: coefficients,
    updates,
    pegged: Object.fromEntries(
      Object.entries(watch.pegged).map(([name, { sinceMs }]) => [
        name,
        sinceMs,
      ]),
    ),
    peggedTotal: watch.peggedTotal,
    censoredTicks: watch.censoredTicks,
  };
}
