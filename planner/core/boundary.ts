/** The border to the fleet (P51): rollouts, then watts; and whatever happens, nothing over a budget. @module */

import type { PlannerConfig, PowerConfig } from "../config/mod.ts";
import { gpuBudgetOf, withReplicas } from "./target_counts.ts";
import type { CurrentReplicas } from "./current.ts";
import { replicasOf, type SideTarget } from "./decision.ts";
import { atLeastGpus, gpusOf, sidesIn, withinGpus } from "./gpu_budget.ts";
import { clampProposal, type PowerOutcome } from "./power_proposal.ts";
import type { NeedInput } from "./propose.ts";
import type { Reason, Replicas } from "./reason.ts";
import { floorsOf } from "./settings.ts";
import { heldByRollout } from "./rollout_hold.ts";
import type { Side } from "./side.ts";
import { atFloors, replicaWattsOf, withinWatts } from "./within_watts.ts";

/** What comes to the border. */
export interface BoundaryInput {
  readonly need: NeedInput;
  /** Each side as it stands, at the cap that it is to have. */
  readonly standing: readonly SideTarget[];
  readonly current: CurrentReplicas;
  /** Sides that were really proposed (P45). */
  readonly proposed: Replicas;
  /** A rollout held steps up already. */
  readonly rolloutHeld: boolean;
}

/** What passes. */
export interface Passed {
  readonly targets: readonly SideTarget[];
  /** Sides whose target is set here and not repeated from the fleet. */
  readonly decided: readonly Side[];
  readonly reasons: readonly Reason[];
  readonly rolloutHeld: boolean;
}

/** GPU budget, rollout hold, power budget, in this order; the watts win over the lower bound of GPUs. */
export function passBoundary(input: BoundaryInput): Passed {
  const { need: { config }, standing } = input;
  const reasons: Reason[] = [];
  const before = replicasOf(standing);
  const proposed = withinHardGpus(input, reasons);
  const { power } = config;
  if (!power) {
    const targets = withReplicas(standing, { ...before, ...proposed });
    return {
      targets,
      decided: sidesIn(proposed),
      reasons,
      rolloutHeld: false,
    };
  }
  const rollout = heldByRollout({ ...input, proposed });
  reasons.push(...rollout.reasons);
  const asked = withReplicas(standing, { ...before, ...rollout.proposed });
  // Floors that do not fit are R12's; nothing of a proposal is worth a look then.
  const passing = atFloors(asked, floorsOf(config)) > power.budgetWatts
    ? rollout.proposed
    : withinPower({ ...input, proposed: rollout.proposed }, power, reasons);
  const targets = withinWatts(
    input.need,
    power,
    withReplicas(standing, { ...before, ...passing }),
  );
  reasons.push(...targets.reasons);
  if (reasons.some(isAboutWatts)) {
    reasons.push(...gpuFloorYields(config, targets.targets));
  }
  return {
    targets: targets.targets,
    decided: targets.targets.filter(({ side, replicas }) =>
      passing[side] !== undefined || replicas !== before[side]
    ).map(({ side }) => side),
    reasons,
    rolloutHeld: rollout.isHolding,
  };
}

function isAboutWatts({ kind }: Reason): boolean {
  return kind === "power_budget" || kind === "below_floor" ||
    kind === "scale_up_suppressed" || kind === "rebalance_staged";
}

function withinPower(
  { standing, current, need, proposed }: BoundaryInput,
  power: PowerConfig,
  reasons: Reason[],
): Replicas {
  const floors = floorsOf(need.config);
  const outcome = clampProposal({
    ready: current.ready,
    // A side that nobody proposed and nobody counted is charged as it was decided last.
    target: { ...unproposed(standing, proposed), ...current.target },
    proposed,
    replicaWatts: replicaWattsOf(standing),
    floors,
    budgetWatts: power.budgetWatts,
    floorsRaised: sidesIn(current.target).some((side) =>
      (current.target[side] ?? 0) < (floors[side] ?? 0)
    ),
  });
  const asked = { ...replicasOf(standing), ...proposed };
  reasons.push(...outcomeReasons(outcome, asked, power));
  return outcome.replicas;
}

function unproposed(
  standing: readonly SideTarget[],
  proposed: Replicas,
): Replicas {
  return replicasOf(
    standing.filter(({ side }) => proposed[side] === undefined),
  );
}

function outcomeReasons(
  outcome: PowerOutcome,
  asked: Replicas,
  { budgetWatts }: PowerConfig,
): Reason[] {
  switch (outcome.kind) {
    case "kept":
      return [];
    case "clamped":
      return [{
        kind: "power_budget",
        method: "compatible",
        from: asked,
        to: { ...asked, ...outcome.replicas },
        askedWatts: outcome.askedWatts,
        budgetWatts,
        overWatts: Math.max(0, outcome.askedWatts - budgetWatts),
      }];
    case "staged": {
      const { grows, wanted, held, shrinks, peakWatts } = outcome;
      return [{
        kind: "rebalance_staged",
        grows,
        wanted,
        held,
        shrinks,
        peakWatts,
        budgetWatts,
      }];
    }
    case "suppressed": {
      const { side, wanted, peerWatts, missingWatts } = outcome;
      return [{
        kind: "scale_up_suppressed",
        side,
        wanted,
        to: outcome.replicas[side] ?? 0,
        peerWatts,
        missingWatts,
      }];
    }
  }
}

/**
 * The hard ceiling of GPUs, and the band for fleets whose present count is unknown; the others met their guard already.
 * Sides that it moves are proposed from here on.
 */
function withinHardGpus(
  { need, current, standing, proposed }: BoundaryInput,
  reasons: Reason[],
): Replicas {
  const { config } = need;
  const budget = gpuBudgetOf(config, standing);
  const before = replicasOf(standing);
  const asked = { ...before, ...proposed };
  const isGuarded = standing.every(({ side }) =>
    current.target[side] !== undefined
  );
  const raised = isGuarded ? asked : atLeastGpus(asked, budget);
  if (raised !== asked && config.minGpus !== undefined) {
    reasons.push({
      kind: "gpu_floor",
      from: asked,
      to: raised,
      minGpus: config.minGpus,
    });
  }
  const fitting = withinGpus(raised, budget);
  if (fitting !== raised && config.maxGpus !== undefined) {
    reasons.push({
      kind: "gpu_budget",
      from: raised,
      to: fitting,
      limitGpus: config.maxGpus,
      overGpus: gpusOf(raised, budget.gpusPerReplica) - config.maxGpus,
    });
  }
  return Object.fromEntries(
    sidesIn(fitting).filter((side) =>
      proposed[side] !== undefined || fitting[side] !== before[side]
    ).map((side) => [side, fitting[side] ?? 0]),
  );
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
