/** From the inputs to what the search is asked: the same that the line of `sweep` asks. @module */

import {
  type CapChoice,
  type FleetQuery,
  type FleetSpace,
  NO_CORRECTIONS,
} from "../../optimizer-wasm/portable.ts";
import { budgetOf } from "./budget.ts";
import type { PlanState } from "./state.ts";

/** One question. */
export interface PlanQuestion {
  readonly space: FleetSpace;
  readonly query: FleetQuery;
}

/** Pairs of layouts that are ranked, as `sweep` does without `--top`. */
const TOP = 5;

/**
 * The question of a state.
 *
 * @param maxWatts most that one GPU of the system draws
 * @throws as `budgetOf`
 */
export function questionOf(state: PlanState, maxWatts: number): PlanQuestion {
  const { totalGpus, requestRate, objective, version } = state;
  const budgetWatts = budgetOf(state, maxWatts);
  return {
    space: {
      model: state.model,
      system: state.system,
      backend: state.backend,
      // The built-in model is named, so that imported tables elsewhere do not answer in its place.
      ...(version === undefined
        ? { databaseMode: "ROOFLINE" as const }
        : { backendVersion: version }),
      mode: state.mode,
      pins: state.pins,
      totalGpus,
    },
    query: {
      isl: state.isl,
      osl: state.osl,
      prefix: state.prefix,
      ttftMs: state.ttftMs,
      itlMs: state.itlMs,
      totalGpus,
      ...(budgetWatts === undefined ? {} : { budgetWatts }),
      ...(requestRate === undefined ? {} : { requestRate }),
      objective,
      caps: capsOf(
        state.caps,
        budgetWatts !== undefined || objective === "efficiency",
      ),
      ...(state.corrections ? {} : { corrections: NO_CORRECTIONS }),
      allowUnmeasuredCaps: state.allowUnmeasuredCaps,
      top: TOP,
    },
  };
}

/** Caps are searched where watts matter. */
function capsOf(choice: PlanState["caps"], wattsMatter: boolean): CapChoice {
  return {
    kind: choice === "auto" ? wattsMatter ? "free" : "own_draw" : choice,
  };
}
