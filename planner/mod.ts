/** The planner: configuration, decisions, sources, the loop. @module */

export {
  type CheckedConfig,
  checkPlannerConfig,
  type ConfigProblem,
  invalidConfig,
  parsePlannerConfig,
  type PlannerConfig,
  problemLine,
  readConfigText,
  unreadableFiles,
} from "./config/mod.ts";
export {
  type CapacityModel,
  decide,
  type Decision,
  decisionRecord,
  explain,
  type ExplainTargets,
  initialState,
  type Observation,
  type PlannerState,
  type Reason,
  reasonText,
  timeText,
} from "./core/mod.ts";
export { type DecisionLog, openDecisionLog } from "./decision_log.ts";
export { configuredModels } from "./model_file.ts";
export { notBuiltYet } from "./not_built.ts";
export {
  type OpenedModel,
  openModel,
  type OpenSearch,
  searchWith,
} from "./open_model.ts";
export { runPlanner } from "./run.ts";
export {
  badLineText,
  readTrace,
  textChunks,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "./sources/mod.ts";
