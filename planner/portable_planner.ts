/** A whole planner over a simulated environment, for a browser's worker: apart from `portable.ts`, so that a page that simulates nothing does not load it. Needs neither Deno nor Node. @module */

export { parsePlannerConfig } from "./config/parse.ts";
export type { PlannerConfig } from "./config/planner_config.ts";
export {
  type CapacityModel,
  type Decision,
  type FleetAnswer,
  type FleetQuestion,
  grouped,
  type PerSide,
  reasonText,
  severityOf,
  type Side,
  sidesOf,
} from "./core/mod.ts";
export {
  openSimulated,
  type SimulatedEnvironment,
  type SimulatedOptions,
} from "./environments/simulated.ts";
export type { Listener } from "./loop/mod.ts";
export { type OpenedModel, openModel, searchWith } from "./open_model.ts";
export type { TrafficHistory } from "./predict/mod.ts";
export { type LoopInput, runLoop } from "./run_loop.ts";
export { readTrace, type TraceSummary } from "./sources/trace/read.ts";
export type { TraceRequest } from "./sources/trace/request.ts";
