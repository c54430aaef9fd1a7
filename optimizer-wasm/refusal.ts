/** Turns a status of the module into an error that a person can act on. @module */

import { type ErrorCode, WattkeeperError } from "../service/portable.ts";
import type { EngineCase } from "./estimate_case.ts";
import type { Refusal } from "./host.ts";
import { STATUS } from "./program/wasm_exports.ts";

interface Explanation {
  readonly code: ErrorCode;
  readonly says: string;
  readonly remedy: string;
}

const EXPLANATIONS: Readonly<Record<number, Explanation>> = {
  [STATUS.notMeasured]: {
    code: "not_measured",
    says: "the tables hold no answer for this shape",
    remedy:
      "Ask with --database-mode HYBRID, another layout or another version.",
  },
  [STATUS.noEmpirical]: {
    code: "no_empirical",
    says: "neither the tables nor a transfer from them has an answer",
    remedy: "Ask with --database-mode SOL or without imported data.",
  },
  [STATUS.missingFlops]: {
    code: "missing_flops",
    says: "this GPU has no tensor-core rate for the precision",
    remedy: "Choose a precision that the GPU computes in.",
  },
  [STATUS.noTokens]: {
    code: "invalid_value",
    says: "no new tokens are left once the cached prefix is taken off",
    remedy: "Make prefix smaller than isl.",
  },
};

/** The error of a refused question: names the case and the operator. */
export function refusalError(
  { model, system, backend, layout }: EngineCase,
  { status, operator }: Refusal,
): WattkeeperError {
  const explanation = EXPLANATIONS[status];
  if (explanation === undefined) {
    return new WattkeeperError(
      "internal",
      `The engine ended with the unknown status ${status} at ${operator}.`,
    );
  }
  return new WattkeeperError(
    explanation.code,
    `${operator} of ${model} on ${system} with ${backend} (tp ${layout.tp}, pp ${layout.pp}, dp ${layout.dp}, ` +
      `moe_tp ${layout.moeTp}, moe_ep ${layout.moeEp}): ${explanation.says}.`,
    { where: operator, remedy: explanation.remedy },
  );
}

/** Whether an error says that the tables have no answer, and nothing worse. */
export function isUnmeasured(error: unknown): boolean {
  return error instanceof WattkeeperError &&
    ["not_measured", "no_empirical", "missing_flops"].includes(error.code);
}
