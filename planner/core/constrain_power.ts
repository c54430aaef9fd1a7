/** The power budget over targets that fit the GPUs: compatible (R12) or exact (R16, R16a). @module */

import type { PlannerConfig, PowerConfig } from "../config/mod.ts";
import { belowFloor } from "./below_floor.ts";
import type { OperatingPoint } from "./capacity.ts";
import { gpuBudgetOf, withReplicas } from "./constrain_gpus.ts";
import { capWattsOf, replicasOf, type SideTarget } from "./decision.ts";
import { atLeastGpus, gpusOf, reduceTo } from "./gpu_budget.ts";
import type { Proposal, ProposalInput } from "./propose.ts";
import { question } from "./propose.ts";
import type { Reason } from "./reason.ts";
import { search, type SearchSide } from "./search.ts";
import { floorsOf, plannerChoosesCaps } from "./settings.ts";
import type { Side } from "./side.ts";

/** Targets after a constraint, and what it did. */
export interface Constrained {
  readonly targets: readonly SideTarget[];
  readonly reasons: readonly Reason[];
}

/** What the power budget is applied to. */
export interface PowerInput extends ProposalInput {
  readonly power: PowerConfig;
  readonly proposal: Proposal;
  /** The proposal after the GPU budget. */
  readonly fitting: Constrained;
}

/**
 * Brings targets within the watts. What fits stays. Else, with the optimizer on and an answer for every side, replicas
 * and caps are searched exactly; otherwise R12 shrinks replicas at the caps in force. Floors that do not fit go to
 * {@linkcode belowFloor}.
 *
 * A cap below a side's own draw costs latency and hides demand (R14a), so it is spent only where a budget binds.
 */
export function constrainPower(input: PowerInput): Constrained {
  const { config, power, proposal, fitting } = input;
  const askedWatts = capWattsOf(proposal.targets);
  const fits = capWattsOf(fitting.targets) <= power.budgetWatts;
  const exact = isExact(input);
  if (fits && (!exact || config.optimizer.objective === "throughput")) {
    if (
      !exact || fitting.reasons.every((reason) => reason.kind !== "gpu_budget")
    ) {
      return fitting;
    }
  }
  if (exact) return exactChoice(input, askedWatts);
  const from = fitting.targets;
  const cost = Object.fromEntries(
    from.map(({ side, gpusPerReplica, capWatts }) => [
      side,
      gpusPerReplica * (capWatts ?? 0),
    ]),
  );
  const floors = floorsOf(config);
  if (floorWatts(from, floors) > power.budgetWatts) {
    return withReasons(fitting, belowFloor(input, from));
  }
  const free = adjustable(input, cost);
  const to = free ??
    reduceTo(replicasOf(from), floors, cost, power.budgetWatts);
  const targets = withReplicas(from, to);
  return withReasons(fitting, {
    targets,
    reasons: [
      powerReason("compatible", input, targets, capWattsOf(from)),
      ...gpuFloorYields(config, targets),
    ],
  });
}

/** P48: with one side held, its watts are charged first and only the other one shrinks, where that is enough. */
function adjustable(
  { proposal, fitting, power, config }: PowerInput,
  cost: Readonly<Partial<Record<Side, number>>>,
) {
  const held = fitting.targets.filter(({ side }) =>
    proposal.held.includes(side)
  );
  const moving = fitting.targets.filter(({ side }) =>
    !proposal.held.includes(side)
  );
  const [only] = moving;
  if (held.length !== 1 || !only) return undefined;
  const rest = power.budgetWatts - capWattsOf(held);
  const perReplica = cost[only.side] ?? 0;
  if (rest < config.floors[only.side] * perReplica) return undefined;
  const fits = perReplica > 0 ? Math.floor(rest / perReplica) : only.replicas;
  return {
    ...replicasOf(held),
    [only.side]: Math.min(only.replicas, fits),
  };
}

function isExact({ config, power, proposal }: PowerInput): boolean {
  return config.optimizer.enabled && power.clamp === "exact" &&
    proposal.demand !== undefined && proposal.held.length === 0;
}

function exactChoice(input: PowerInput, askedWatts: number): Constrained {
  const { config, power, proposal } = input;
  const found = search({
    sides: searchSides(input),
    demand: proposal.demand ?? 0,
    budgetWatts: power.budgetWatts,
    maxGpus: config.maxGpus,
    objective: config.optimizer.objective,
  });
  if (!found) {
    return withReasons(input.fitting, belowFloor(input, input.fitting.targets));
  }
  const chosen = proposal.targets.map((target, index): SideTarget => {
    const choice = found.sides[index];
    return choice
      ? {
        ...target,
        replicas: choice.replicas,
        capWatts: choice.point.capWatts,
        point: choice.point.point,
      }
      : target;
  });
  const raised = withReplicas(
    chosen,
    atLeastGpus(replicasOf(chosen), gpuBudgetOf(config, chosen)),
  );
  const targets = capWattsOf(raised) <= power.budgetWatts ? raised : chosen;
  const lowered = targets.flatMap((target, index): Reason[] => {
    const before = proposal.targets[index]?.capWatts;
    return before !== undefined && target.capWatts !== undefined &&
        target.capWatts < before
      ? [{
        kind: "cap_lowered",
        side: target.side,
        fromWatts: before,
        toWatts: target.capWatts,
      }]
      : [];
  });
  const overWatts = askedWatts > power.budgetWatts;
  const gpuReasons = input.fitting.reasons.filter((reason) =>
    reason.kind !== "gpu_budget" || !overWatts
  );
  return {
    targets,
    reasons: [
      ...gpuReasons,
      ...(overWatts || lowered.length > 0
        ? [powerReason("exact", input, targets, askedWatts)]
        : []),
      ...lowered,
      ...gpuFloorYields(config, targets),
    ],
  };
}

type CappedPoint = {
  readonly capWatts: number;
  readonly requestsPerSecond: number;
  readonly point: OperatingPoint;
};

function searchSides(
  input: PowerInput,
):
  | readonly [SearchSide<CappedPoint>]
  | readonly [
    SearchSide<CappedPoint>,
    SearchSide<CappedPoint>,
  ] {
  const [first, second] = input.proposal.targets.map((target) => {
    const caps = plannerChoosesCaps(input.config)
      ? { kind: "ladder" } as const
      : { kind: "fixed", capWatts: target.capWatts ?? 0 } as const;
    const answer = input.model.answer(question(input, target.side, caps));
    const points = answer.kind === "points"
      ? answer.points
      : target.point
      ? [target.point]
      : [];
    return {
      points: points.map((point) => ({
        capWatts: point.capWatts ?? 0,
        requestsPerSecond: point.requestsPerSecond,
        point,
      })),
      gpusPerReplica: target.gpusPerReplica,
      floor: input.config.floors[target.side],
    };
  });
  const none = { points: [], gpusPerReplica: 1, floor: 0 };
  return second ? [first ?? none, second] : [first ?? none];
}

function powerReason(
  method: "compatible" | "exact",
  { power, proposal }: PowerInput,
  targets: readonly SideTarget[],
  askedWatts: number,
): Reason {
  return {
    kind: "power_budget",
    method,
    from: replicasOf(proposal.targets),
    to: replicasOf(targets),
    askedWatts,
    budgetWatts: power.budgetWatts,
    overWatts: Math.max(0, askedWatts - power.budgetWatts),
  };
}

/** P51: the power budget wins over the lower bound of GPUs, and says so. */
function gpuFloorYields(
  config: PlannerConfig,
  targets: readonly SideTarget[],
): Reason[] {
  const { minGpus } = config;
  if (minGpus === undefined) return [];
  const budget = gpuBudgetOf(config, targets);
  const gpus = gpusOf(replicasOf(targets), budget.gpusPerReplica);
  return gpus < minGpus ? [{ kind: "gpu_floor_yields", minGpus, gpus }] : [];
}

/** Watts of the floors at the caps of the targets. */
function floorWatts(
  targets: readonly SideTarget[],
  floors: Readonly<Partial<Record<Side, number>>>,
): number {
  return capWattsOf(
    targets.map((target) => ({
      ...target,
      replicas: Math.min(target.replicas, floors[target.side] ?? 0),
    })),
  );
}

function withReasons(before: Constrained, after: Constrained): Constrained {
  return {
    targets: after.targets,
    reasons: [...before.reasons, ...after.reasons],
  };
}
