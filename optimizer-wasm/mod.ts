/** The performance model: open an engine case, ask it for latency, energy and memory. @module */

export { BUILTIN_SYSTEMS } from "./data/builtin_systems.ts";
export type { ComputeDtype, SystemSpec } from "./data/system_spec.ts";
export { EngineEstimator } from "./engine_estimator.ts";
export type * from "./estimate_case.ts";
export type * from "./estimator.ts";
export { type GraphCoverage, graphCoverage } from "./model/graph_coverage.ts";
export {
  BACKENDS,
  type EngineSource,
  EstimatorOpener,
} from "./open_estimator.ts";
export { openEstimators, storeSource } from "./store_source.ts";
export { buildWasm } from "./build.ts";
export { loadModule } from "./load_module.ts";
