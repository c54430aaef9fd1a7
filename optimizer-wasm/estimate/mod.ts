/** Questions and answers of `estimate`. @module */

export {
  answerCase,
  type EstimateRow,
  type OperatorRow,
  type RefusedRow,
  refusedRow,
} from "./answer.ts";
export {
  CASE_FIELDS,
  type CaseField,
  type CaseId,
  type RawCase,
  readCase,
} from "./case_fields.ts";
export { answerLines } from "./case_lines.ts";
