/** A planner with its optimizer on that tests tick by hand, over a small fleet whose truth they choose. @module */

import type { ScalingConfig } from "../../../planner/config/mod.ts";
import {
  type CapacityModel,
  decide,
  type Decision,
  type DecisionInput,
  type FleetAnswer,
  type FleetQuestion,
  initialState,
  type LiveSignals,
  type PlannerState,
} from "../../../planner/core/mod.ts";
import {
  configOf,
  modelOf,
  OPTIMIZER,
  signals,
  tick,
  window,
} from "./stand_in.ts";

const SECOND = 1000;

/** Prefill 2 requests/s at 400 W, decode 4 requests/s at 300 W; TTFT 100 ms of 500, ITL 10 ms of 50. */
export const FLEET = modelOf({
  prefill: { requestsPerSecond: 2, drawWatts: 400, ttftMs: 100 },
  decode: { requestsPerSecond: 4, drawWatts: 300, itlMs: 10 },
});

/** A planner that is ticked by hand every 180 s, over a model whose searches are listed and may be replaced. */
export function planner(
  { yaml = "", model = FLEET, budget = 100_000 }: {
    readonly yaml?: string;
    readonly model?: CapacityModel;
    readonly budget?: number;
  } = {},
) {
  const configWith = (budgetWatts: number, more = "") =>
    configOf(
      `max_gpu_budget: 64\ntotal_gpu_power_limit: ${budgetWatts}${OPTIMIZER}${yaml}\n${more}`,
    );
  let config = configWith(budget);
  const searches: FleetQuestion[] = [];
  let instead: ((question: FleetQuestion) => FleetAnswer) | undefined;
  const watched: CapacityModel = {
    ...model,
    searchFleet(question) {
      searches.push(question);
      return instead ? instead(question) : model.searchFleet(question);
    },
  };
  let state: PlannerState = initialState(config.optimizer.initialCoefficients);
  let nowMs = 0;
  return {
    searches,
    get state() {
      return state;
    },
    set state(next: PlannerState) {
      state = next;
    },
    answerWith(answer: typeof instead) {
      instead = answer;
    },
    setBudget(budgetWatts: number) {
      config = configWith(budgetWatts);
    },
    tick(
      requestsPerSecond: number,
      live: Partial<LiveSignals> | null = {},
      change: Partial<DecisionInput> & {
        readonly afterSeconds?: number;
        readonly scaling?: Partial<ScalingConfig>;
      } = {},
    ): Decision {
      const { afterSeconds = 180, scaling = {}, ...input } = change;
      nowMs += afterSeconds * SECOND;
      const next = decide(
        state,
        tick(
          { ...config, scaling },
          window(requestsPerSecond, live ? { live: signals(live) } : {}),
          { model: watched, nowMs, ...input },
        ),
      );
      state = next.state;
      return next.decision;
    },
  };
}

/** Parts of a decision. */
export const kinds = ({ reasons }: Decision) => reasons.map(({ kind }) => kind);
export const caps = ({ targets }: Decision) =>
  targets.map(({ capWatts }) => capWatts);
export const replicas = ({ targets }: Decision) =>
  targets.map(({ replicas }) => replicas);

/** A window above the latency targets, and one below. */
export const MISSED = { ttftMs: 600, itlMs: 20 };
export const GOOD = { ttftMs: 300, itlMs: 20 };

/** Searches that fail: one throws, one meets no target. */
export const THROWS = () => {
  throw new TypeError("the search fell over");
};
export const IMPOSSIBLE = (): FleetAnswer => ({
  kind: "infeasible",
  constraint: "ttft_ms",
  message: "TTFT 999999 ms, target 500 ms.",
  needed: 999_999,
  available: 500,
  unit: "ms",
});
