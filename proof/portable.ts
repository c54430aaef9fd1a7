/** What a browser's worker uses of the proof: policies side by side over one stretch of traffic. Needs neither Deno nor Node. @module */

export { comparePolicies, type Comparison } from "./policies/compare.ts";
export {
  comparisonInput,
  type ComparisonQuestion,
} from "./policies/comparison_input.ts";
export {
  comparisonCsv,
  comparisonRecord,
} from "./policies/comparison_record.ts";
export type { DecisionNote } from "./policies/decision_notes.ts";
export { POLICY_NAMES, type PolicyName } from "./policies/policy.ts";
export type { PolicyRun, Resolution, Sample } from "./policies/run_policy.ts";
export {
  type ScoreCell,
  type ScoreLine,
  scoreTable,
} from "./policies/score_table.ts";
