/** The planner: configuration, decisions, sources, the loop. @module */

export {
  type CheckedConfig,
  checkPlannerConfig,
  type ConfigChange,
  type ConfigProblem,
  type ConfigWatch,
  FIELD_NAMES,
  type Fields,
  invalidConfig,
  judgeChange,
  parsePlannerConfig,
  type PlannerConfig,
  problemLine,
  readConfigText,
  unreadableFiles,
  watchConfigFile,
} from "./config/mod.ts";
export {
  bridgeCap,
  type CapacityAnswer,
  type CapacityModel,
  type CapacityQuestion,
  ceilWatts,
  type Coefficients,
  coefficientText,
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
  floorFootprint,
  grouped,
  initialState,
  type LedgerState,
  type LiveSignals,
  type Observation,
  type OperatingPoint,
  type PerSide,
  type PlannerState,
  type Reason,
  reasonText,
  searchOverPoints,
  severityOf,
  type Side,
  sidesOf,
  type SideTarget,
  type SourceProblem,
  type Step,
  type StepOutcome,
  timeText,
  type Transition,
  withinRange,
} from "./core/mod.ts";
export { type JsonLog, openDecisionLog } from "./decision_log.ts";
export { configuredModels } from "./model_file.ts";
export { logListener } from "./loop_log.ts";
export { notBuiltYet } from "./not_built.ts";
export {
  type OpenedModel,
  openModel,
  type OpenSearch,
  searchWith,
} from "./open_model.ts";
export {
  AdmissionSetter,
  type FrontendPod,
  type FrontendPods,
} from "./admission/mod.ts";
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
  badLineText,
  type ObservationRequest,
  readTrace,
  textChunks,
  type TraceRequest,
  type TraceSummary,
  traceWindows,
  type TrafficSource,
  windowAt,
} from "./sources/mod.ts";
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
export { type LoopInput, runLoop } from "./run_loop.ts";
export { warmHistory } from "./warm_history.ts";
export {
  type PlannerService,
  runService,
  type ServiceInput,
} from "./run_service.ts";
