/** Policies side by side: the same seed, the same requests, one score. @module */

export { type BudgetViolations, BudgetWatch } from "./budget_watch.ts";
export {
  comparePolicies,
  type Comparison,
  type ComparisonInput,
  LEAD_IN_SECONDS,
} from "./compare.ts";
export {
  comparisonInput,
  type ComparisonMeans,
  type ComparisonQuestion,
} from "./comparison_input.ts";
export {
  comparisonCsv,
  comparisonRecord,
  runRecord,
} from "./comparison_record.ts";
export { comparisonReport } from "./comparison_report.ts";
export { comparisonTable, kilowatts, scoreRows } from "./comparison_table.ts";
export { decodeFirst } from "./decode_first.ts";
export type { DecisionNote } from "./decision_notes.ts";
export { openBuiltIn } from "./built_in_model.ts";
export {
  USUAL_PEAK_REQUESTS_PER_SECOND,
  usualDeployment,
} from "./deployment.ts";
export { drive, type DriveInput } from "./drive.ts";
export { Flips } from "./flips.ts";
export { MeteredEngines, type ServedSums } from "./metered_engines.ts";
export {
  atFullLoad,
  type Policy,
  POLICY_NAMES,
  type PolicyName,
  policyOf,
  staticCaps,
} from "./policy.ts";
export {
  type PolicyRun,
  type PolicyRunInput,
  type Resolution,
  runPolicy,
  type Sample,
  STEP_MS,
} from "./run_policy.ts";
export {
  type ReadRequests,
  readRequests,
  requestTraceOf,
} from "./request_trace.ts";
export { type Score, scoreOf } from "./score.ts";
export { type ScoreCell, type ScoreLine, scoreTable } from "./score_table.ts";
export {
  builtInDay,
  DAY_SECONDS,
  traceTraffic,
  type Traffic,
} from "./traffic.ts";
export { unrolled, type Unrolling } from "./unrolled.ts";
