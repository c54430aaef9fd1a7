/** A performance model that fails while a fault says so. @module */

import type { ActiveFaults } from "../../simulator/mod.ts";
import type { CapacityModel } from "../core/mod.ts";

/** The model, as it is while nothing is wrong with it; asked anew at every question. */
export function withModelFaults(
  model: CapacityModel,
  faults: ActiveFaults,
): CapacityModel {
  const orFail = <Answer>(
    ask: () => Answer,
    infeasible: () => Answer,
  ): Answer => {
    if (faults.has("model_raises")) throw new Error("The model has failed.");
    return faults.has("model_infeasible") ? infeasible() : ask();
  };
  return {
    gpusPerReplica: model.gpusPerReplica,
    usualIslTokens: model.usualIslTokens,
    usualOslTokens: model.usualOslTokens,
    gpu: model.gpu,
    answer: (question) =>
      orFail(() => model.answer(question), () => ({
        kind: "infeasible",
        constraint: "ttft_ms",
        message: "No batch meets the target.",
        needed: 999_999,
        available: question.ttftMs,
        unit: "ms",
      })),
    searchFleet: (question) =>
      orFail(() => model.searchFleet(question), () => ({
        kind: "infeasible",
        constraint: "ttft_ms",
        message: "No fleet meets the target.",
        needed: 999_999,
        available: question.ttftMs,
        unit: "ms",
      })),
  };
}
