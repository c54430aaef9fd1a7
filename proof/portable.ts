/** What a browser's worker uses of the proof: policies side by side over one stretch of traffic. Needs neither Deno nor Node. @module */

export { comparePolicies, type Comparison } from "./policies/compare.ts";
export {
  comparisonInput,
  type ComparisonQuestion,
  MOST_COPIES,
  MOST_HOURS,
} from "./policies/comparison_input.ts";
export {
  comparisonCsv,
  comparisonRecord,
} from "./policies/comparison_record.ts";
export { scoreRows } from "./policies/comparison_table.ts";
export type { DecisionNote } from "./policies/decision_notes.ts";
export { POLICY_NAMES, type PolicyName } from "./policies/policy.ts";
export type { PolicyRun, Resolution, Sample } from "./policies/run_policy.ts";
export type { Score } from "./policies/score.ts";
