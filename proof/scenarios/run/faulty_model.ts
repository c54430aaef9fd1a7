/** The performance model with its failures: they are asked for at each call, so recovery does not hang on an object's life. @module */

import type { CapacityModel } from "../../../planner/mod.ts";
import type { ActiveFaults } from "../../../simulator/mod.ts";

/** Slower than any target: what an empty table of layouts says (`reference-testbed.md` §5). */
const NEVER_MS = 999_999;

/** The same model; while a fault is on it throws, or finds nothing within the targets. */
export function faultyModel(
  model: CapacityModel,
  active: ActiveFaults,
): CapacityModel {
  return {
    ...model,
    answer(question) {
      throwIf(active);
      if (!active.has("model_infeasible")) return model.answer(question);
      return {
        kind: "infeasible",
        constraint: "ttft_ms",
        message: "No layout is within the targets.",
        needed: NEVER_MS,
        available: question.ttftMs,
        unit: "ms",
      };
    },
    searchFleet(question) {
      throwIf(active);
      if (!active.has("model_infeasible")) return model.searchFleet(question);
      return {
        kind: "infeasible",
        constraint: "ttft_ms",
        message: "No layout is within the targets.",
        needed: NEVER_MS,
        available: question.ttftMs,
        unit: "ms",
      };
    },
  };
}

function throwIf(active: ActiveFaults): void {
  if (active.has("model_raises")) {
    throw new Error("The performance model failed on purpose.");
  }
}
