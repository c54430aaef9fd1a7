/** One engine's reply to a question, in the form in which engines are compared. @module */

import type { ErrorCode } from "../../service/mod.ts";

/** One operator of a phase, with its name as in the breakdowns. */
export interface OperatorValue {
  readonly name: string;
  readonly ms: number;
  readonly wms: number;
}

/** Figures by name. */
export interface Answer {
  readonly values: Readonly<Record<string, number>>;
  readonly operators?: readonly OperatorValue[];
}

/** Figures, or the code of a refusal. */
export type Verdict =
  | Answer
  | { readonly codes: readonly ErrorCode[]; readonly message: string };

/** Whether the engine answered with figures. */
export function isAnswer(
  verdict: Verdict,
): verdict is Answer {
  return "values" in verdict;
}
