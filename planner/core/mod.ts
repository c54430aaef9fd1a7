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
export { capacityOf, decide, type DecisionInput } from "./decide.ts";
export {
  capWattsOf,
  type Decision,
  replicasOf,
  type SideTarget,
} from "./decision.ts";
export { explain, type ExplainTargets, timeText } from "./explain.ts";
export { grouped, reasonText } from "./reason_text.ts";
export { decisionRecord } from "./record.ts";
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
export { DEMAND_HEADROOM } from "./settings.ts";
export { type PerSide, type Side, sidesOf } from "./side.ts";
export { initialState, type PlannerState } from "./state.ts";
