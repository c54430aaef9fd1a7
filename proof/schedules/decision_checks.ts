/** What is checked of every decision. @module */

import type { Decision } from "../../planner/mod.ts";
import { explain } from "../../planner/mod.ts";
import { FORMULA_GPU } from "./formula_engine.ts";
import type { ScheduledFleet } from "./schedule.ts";
import type { Violation } from "./violation.ts";

/** Sentences are made of so many decisions of a run; the reasons of every one are looked at. */
const EXPLAINED_EVERY = 16;

/** What is wrong with a decision, if anything. */
export function findInDecision(
  decision: Decision,
  fleet: ScheduledFleet,
): Omit<Violation, "atMs"> | undefined {
  const { targets, reasons, found } = decision;
  const kinds = new Set<string>(reasons.map(({ kind }) => kind));
  const wrong = (message: string) =>
    ({
      invariant: "targets",
      message: `decision ${decision.sequence}: ${message}`,
    }) as const;
  const shedding = kinds.has("below_floor");
  let gpus = 0;
  let watts = 0;
  for (const { side, replicas, gpusPerReplica, capWatts } of targets) {
    if (!Number.isInteger(replicas) || replicas < 0) {
      return wrong(`${replicas} replicas of ${side}`);
    }
    // What is below the floor already may wait there for its turn (P46, P50).
    const lowered = replicas !== found?.[side]?.targetReplicas;
    if (
      replicas < fleet.floor && !shedding && lowered &&
      decision.decided.includes(side)
    ) {
      return wrong(
        `${replicas} replicas of ${side}, the floor is ${fleet.floor}`,
      );
    }
    gpus += replicas * gpusPerReplica;
    watts += replicas * gpusPerReplica * (capWatts ?? 0);
    if (capWatts === undefined) return wrong(`no cap for ${side}`);
    if (capWatts < FORMULA_GPU.minWatts || capWatts > FORMULA_GPU.maxWatts) {
      return wrong(`a cap of ${capWatts} W for ${side}`);
    }
  }
  if (gpus > fleet.maxGpus && decision.decided.length === targets.length) {
    return wrong(`${gpus} GPUs of ${fleet.maxGpus}`);
  }
  const { budgetWatts } = decision;
  const holds = shedding && fleet.belowFloor === "hold_floor";
  if (budgetWatts !== undefined && watts > budgetWatts && !holds) {
    return wrong(`${watts} W of ${budgetWatts} W`);
  }
  const { requests } = decision.observed;
  const rejected = reasons.some((reason) =>
    reason.kind === "observation_rejected" && reason.field === "requests"
  );
  if (
    requests !== undefined && !(requests >= 0 && requests < Infinity) &&
    !rejected
  ) {
    return {
      invariant: "unexplained",
      message:
        `decision ${decision.sequence} saw ${requests} requests and does not say so`,
    };
  }
  const changes = targets.some(({ side, replicas }) =>
    decision.decided.includes(side) && found?.[side] !== undefined &&
    found[side].targetReplicas !== replicas
  );
  const { throughput, load, optimizer } = decision;
  const said = reasons.length > 0 || optimizer.searched !== undefined ||
    throughput === "scale" || throughput === "set_lower_bound" ||
    load?.decision.startsWith("scale_") === true;
  if (changes && !said) {
    return {
      invariant: "unexplained",
      message: `decision ${decision.sequence} gives no reason`,
    };
  }
  if (decision.sequence % EXPLAINED_EVERY === 1) {
    const text = explain(decision);
    if (!text.includes(`Decision ${decision.sequence}`)) {
      return {
        invariant: "unexplained",
        message: `decision ${decision.sequence} cannot be told`,
      };
    }
  }
  return undefined;
}
