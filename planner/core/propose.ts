/** From a forecast to replica needs per side (R21, P22–P24). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { Forecast } from "../predict/mod.ts";
import type { CapacityModel, CapacityQuestion } from "./capacity.ts";
import type { SideTarget } from "./decision.ts";
import type { Reason } from "./reason.ts";
import { capQuestion, DEMAND_HEADROOM } from "./settings.ts";
import { type Side, sidesOf } from "./side.ts";
import type { PlannerState } from "./state.ts";

/** More replicas than any GPU budget; keeps a wild forecast an ordinary number. */
const MOST_ASKED = 1_000_000;

/** What demand alone asks for. */
export interface Proposal {
  readonly targets: readonly SideTarget[];
  /** Requests per second worth serving; undefined when unknown. */
  readonly demand: number | undefined;
  /** Sides whose count is the last one because demand or model has no answer. */
  readonly held: readonly Side[];
  readonly reasons: readonly Reason[];
}

/** What a proposal is made from. */
export interface ProposalInput {
  readonly state: PlannerState;
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  readonly shape: { readonly islTokens: number; readonly oslTokens: number };
  readonly forecast: Forecast | undefined;
}

/** Replica needs: `max(⌈demand / requests per second of a replica⌉, floor)` for each side. */
export function propose(input: ProposalInput): Proposal {
  const { config, forecast, state } = input;
  const reasons: Reason[] = [];
  const held: Side[] = [];
  const demand = forecast &&
    forecast.requestsPerSecond * (1 + DEMAND_HEADROOM);
  if (demand === undefined) reasons.push({ kind: "no_traffic_data" });
  else if (demand === 0) reasons.push({ kind: "idle" });
  const targets = sidesOf(config.mode).map((side): SideTarget => {
    const floor = config.floors[side];
    const last = state.last[side];
    const caps = capQuestion(config, side, input.model.gpu);
    const answer = input.model.answer(question(input, side, caps));
    const gpusPerReplica = input.model.gpusPerReplica[side] ?? 1;
    if (answer.kind === "points") {
      const [point] = answer.points;
      const needed = demand === undefined
        ? undefined
        : replicasFor(demand, point.requestsPerSecond);
      if (needed === undefined) held.push(side);
      else if (needed < floor && needed > 0) {
        reasons.push({ kind: "floor_raised", side, needed, floor });
      }
      const replicas = Math.max(floor, needed ?? last?.replicas ?? floor);
      const capWatts = point.capWatts;
      return { side, replicas, gpusPerReplica, capWatts, point };
    }
    held.push(side);
    reasons.push(
      answer.kind === "infeasible"
        ? { ...answer, side }
        : { ...answer, kind: "model_not_ready", side },
    );
    return {
      side,
      replicas: Math.max(floor, last?.replicas ?? floor),
      gpusPerReplica,
      capWatts: caps.kind === "none"
        ? undefined
        : caps.kind === "fixed"
        ? caps.capWatts
        : last?.capWatts ?? config.power?.safeDefaultWatts,
      point: undefined,
    };
  });
  return { targets, demand, held, reasons };
}

/** Replicas that serve a demand; a replica without capacity cannot. */
export function replicasFor(demand: number, perReplica: number): number {
  if (demand === 0) return 0;
  if (!(perReplica > 0)) return MOST_ASKED;
  return Math.min(MOST_ASKED, Math.ceil(demand / perReplica));
}

/** The question to the model for one side of this input. */
export function question(
  { state, config, shape }: ProposalInput,
  side: Side,
  caps: CapacityQuestion["caps"],
): CapacityQuestion {
  return {
    side,
    islTokens: shape.islTokens,
    oslTokens: shape.oslTokens,
    ttftMs: config.ttftMs,
    itlMs: config.itlMs,
    coefficients: state.coefficients,
    caps,
  };
}
