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
  explainRecord,
  type ExplainTargets,
  initialState,
  type Observation,
  type PlannerState,
  type Reason,
  reasonText,
  timeText,
} from "./core/mod.ts";
export { type JsonLog, openDecisionLog } from "./decision_log.ts";
export { configuredModels } from "./model_file.ts";
export { notBuiltYet } from "./not_built.ts";
export {
  type OpenedModel,
  openModel,
  type OpenSearch,
  searchWith,
} from "./open_model.ts";
export { type ConfigWatch, watchConfigFile } from "./config/mod.ts";
export {
  type Environment,
  type EnvironmentOptions,
  openEnvironment,
} from "./environments/mod.ts";
export {
  type LoopEvent,
  messageOf,
  type PlanRecord,
  recordJson,
  stepJson,
  waitText,
} from "./loop/mod.ts";
export { StateFile } from "./persist/mod.ts";
export { runPlanner } from "./run.ts";
export {
  type PlannerService,
  runService,
  type ServiceInput,
} from "./run_service.ts";
export {
  badLineText,
  readTrace,
  textChunks,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "./sources/mod.ts";
