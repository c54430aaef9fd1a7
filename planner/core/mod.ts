/** The decision core, pure: no I/O, no clock, no randomness. @module */

export { floorFootprint } from "./below_floor.ts";
export { bridgeCap, ceilWatts, withinRange } from "./cap_bridge.ts";
export type {
  CapacityAnswer,
  CapacityModel,
  CapacityQuestion,
  Coefficients,
  FleetAnswer,
  FleetChoice,
  FleetQuestion,
  GpuWatts,
  OperatingPoint,
} from "./capacity.ts";
export {
  type CapSource,
  DEMAND_HEADROOM,
  scalingModes,
  scalingOf,
} from "./settings.ts";
export {
  impliedThetaDecode,
  impliedThetaPrefill,
  prefillTokensOf,
} from "./admission.ts";
export {
  COEFFICIENT_NAMES,
  type CoefficientName,
} from "./coefficient_watch.ts";
export { decide } from "./decide.ts";
export type { DecisionInput } from "./seen.ts";
export { capacityOf } from "./outlook.ts";
export type { DisabledReason, Plan } from "./optimizer_state.ts";
export {
  type AdmissionOutcome,
  type CoefficientOutcome,
  type CoefficientUpdate,
  type DriftTrigger,
  LOAD_DECISIONS,
  type LoadDecision,
  type LoadOutcome,
  type OptimizerOutcome,
  type SearchTrigger,
  THROUGHPUT_DECISIONS,
  type ThroughputDecision,
} from "./outcome.ts";
export {
  capWattsOf,
  type Decision,
  type Due,
  type Goals,
  replicasOf,
  type SideTarget,
} from "./decision.ts";
export {
  explain,
  explainRecord,
  type ExplainTargets,
  timeText,
} from "./explain.ts";
export {
  coefficientText,
  grouped,
  reasonText,
  severityOf,
} from "./reason_text.ts";
export { DECISION_RECORD_VERSION, decisionRecord } from "./record.ts";
export type {
  EngineLoad,
  LiveSignals,
  Observation,
  SourceProblem,
} from "./observation.ts";
export { clampPair, clampSingle } from "./power_clamp.ts";
export * from "./ledger/mod.ts";
export type { Reason, Replicas } from "./reason.ts";
export { searchOverPoints } from "./search_fleet.ts";
export { type PerSide, type Side, sidesOf } from "./side.ts";
export { initialState, type PlannerState, resumedState } from "./state.ts";
