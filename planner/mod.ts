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
  type CapacityAnswer,
  type CapacityModel,
  type CapacityQuestion,
  decide,
  type Decision,
  decisionRecord,
  explain,
  explainRecord,
  type ExplainTargets,
  type FleetAnswer,
  type FleetChoice,
  type FleetQuestion,
  type FleetSnapshot,
  initialState,
  type LedgerState,
  type Observation,
  type OperatingPoint,
  type PlannerState,
  type Reason,
  reasonText,
  type Side,
  type SideTarget,
  type Step,
  type StepOutcome,
  timeText,
  type Transition,
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
  openSimulated,
  type SimulatedEnvironment,
  type SimulatedOptions,
  SimulatedSource,
  withModelFaults,
  WorldClock,
} from "./environments/mod.ts";
export {
  type ClusterEyes,
  clusterSnapshot,
  estimatorTruth,
  type Fleet,
  SimulatedFleet,
} from "./fleets/mod.ts";
export {
  type Brain,
  type Listener,
  LOOP_TIMES,
  type LoopClock,
  type LoopEvent,
  type LoopTimes,
  messageOf,
  PLANNER_BRAIN,
  PlannerLoop,
  type PlanRecord,
  recordJson,
  type SavedState,
  Settings,
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
