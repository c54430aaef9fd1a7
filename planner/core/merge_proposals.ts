/** One proposal from throughput, load, bounds and what still waits (P13, P27, P34). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { CurrentReplicas } from "./current.ts";
import type { Due } from "./decision.ts";
import { type GpuBudget, sidesIn } from "./gpu_budget.ts";
import { guardGpus } from "./gpu_guard.ts";
import type { LoadProposal } from "./load/mod.ts";
import type { LoadDecision } from "./outcome.ts";
import type { Reason, Replicas } from "./reason.ts";
import { type Side, sidesOf } from "./side.ts";
import {
  guardReasons,
  movedOf,
  type ThroughputProposal,
} from "./throughput.ts";

/** What is merged. */
export interface MergeInput {
  readonly config: PlannerConfig;
  readonly modes: { readonly throughput: boolean; readonly load: boolean };
  readonly due: Due;
  readonly current: CurrentReplicas;
  readonly budget: GpuBudget;
  readonly throughput: ThroughputProposal | undefined;
  readonly load: LoadProposal | undefined;
  /** Bounds of the last throughput decision. */
  readonly lowerBounds: Replicas;
  /** What was proposed and waits. */
  readonly wanted: Replicas;
  /** R19 row 1: everything goes to its floor. */
  readonly toFloors: boolean;
}

/** The proposal that goes to the border. */
export interface Merged {
  readonly proposed: Replicas;
  /** Of them, those that are proposed because an earlier decision asked for them, and for no other reason. */
  readonly carried: Replicas;
  readonly lowerBounds: Replicas;
  readonly loadDecision: LoadDecision;
  readonly reasons: readonly Reason[];
}

/** Load decides where it is on, and throughput is its lower bound; else throughput decides. */
export function mergeProposals(input: MergeInput): Merged {
  const { config, modes, throughput, load, wanted } = input;
  if (input.toFloors) {
    return {
      proposed: Object.fromEntries(
        sidesOf(config.mode).map((side) => [side, config.floors[side]]),
      ),
      carried: {},
      lowerBounds: {},
      loadDecision: modes.load ? "no_change" : "disabled",
      reasons: [],
    };
  }
  const carried = stillMoving(wanted, input);
  if (!modes.load) {
    return {
      proposed: { ...carried, ...throughput?.proposed },
      carried: without(carried, throughput?.proposed ?? {}),
      lowerBounds: {},
      loadDecision: "disabled",
      reasons: throughput?.reasons ?? [],
    };
  }
  const lowerBounds = { ...input.lowerBounds, ...throughput?.proposed };
  const reasons: Reason[] = [...(throughput?.reasons ?? [])];
  if (throughput && sidesIn(throughput.proposed).length > 0) {
    reasons.push({ kind: "lower_bounds", bounds: lowerBounds });
  }
  if (!load) {
    return {
      proposed: carried,
      carried,
      lowerBounds,
      loadDecision: "unset",
      reasons,
    };
  }
  reasons.push(...load.reasons);
  const bounded = withBounds(input, load, lowerBounds, reasons);
  const guarded = withinBand(
    input,
    { ...carried, ...bounded.proposed },
    reasons,
  );
  return {
    proposed: guarded.proposed,
    carried: without(carried, bounded.proposed),
    lowerBounds,
    loadDecision: guarded.decision ?? bounded.decision,
    reasons,
  };
}

/** A step that waits is proposed again while the fleet has not got there. */
function stillMoving(wanted: Replicas, { current }: MergeInput): Replicas {
  return Object.fromEntries(
    sidesIn(wanted).filter((side) => wanted[side] !== current.target[side])
      .map((side) => [side, wanted[side] ?? 0]),
  );
}

function without(all: Replicas, others: Replicas): Replicas {
  return Object.fromEntries(
    sidesIn(all).filter((side) => others[side] === undefined)
      .map((side) => [side, all[side] ?? 0]),
  );
}

/** P34: nothing goes below the bound of throughput, and what is below it comes up. */
function withBounds(
  { current, config }: MergeInput,
  load: LoadProposal,
  bounds: Replicas,
  reasons: Reason[],
): { readonly proposed: Replicas; readonly decision: LoadDecision } {
  const proposed: Partial<Record<Side, number>> = { ...load.proposed };
  let { decision } = load;
  for (const side of sidesOf(config.mode)) {
    const bound = Math.max(bounds[side] ?? 0, config.floors[side]);
    const asked = proposed[side];
    const now = current.target[side];
    if (asked === undefined) {
      if (now !== undefined && now >= bound) continue;
      proposed[side] = bound;
      // A load tick that brings a side up to its bound says why, as the throughput tick does that set it.
      if (!reasons.some(({ kind }) => kind === "lower_bounds")) {
        reasons.push({ kind: "lower_bounds", bounds: { [side]: bound } });
      }
      continue;
    }
    if (asked >= bound) continue;
    reasons.push({ kind: "down_capped_by_throughput", side, asked, bound });
    if (decision === "scale_down") decision = "scale_down_capped_by_throughput";
    // A bound above what is there is reached; a step down that it forbids is none.
    if (now !== undefined && now <= bound) {
      if (now === bound) delete proposed[side];
      else proposed[side] = bound;
    } else proposed[side] = bound;
  }
  return { proposed, decision };
}

function withinBand(
  { current, budget }: MergeInput,
  proposed: Replicas,
  reasons: Reason[],
): {
  readonly proposed: Replicas;
  readonly decision: LoadDecision | undefined;
} {
  const isKnown = sidesIn(budget.gpusPerReplica).every((side) =>
    current.target[side] !== undefined
  );
  if (!isKnown || sidesIn(proposed).length === 0) {
    return { proposed, decision: undefined };
  }
  const guarded = guardGpus(current.target, proposed, budget);
  reasons.push(
    ...guardReasons({ current: current.target, proposed, budget, guarded }),
  );
  return {
    proposed: movedOf(current, proposed, guarded),
    decision: guarded.outcome === "hold"
      ? "gpu_budget_guard_hold"
      : guarded.outcome === "reconcile"
      ? "gpu_budget_reconcile"
      : undefined,
  };
}
