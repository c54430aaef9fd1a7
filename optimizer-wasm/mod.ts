/** The performance model: open an engine case, ask it for latency, energy and memory. @module */

export { BUILTIN_SYSTEMS } from "./data/builtin_systems.ts";
export type { ComputeDtype, SystemSpec } from "./data/system_spec.ts";
export { parseCurveFile, type RefinedCurve } from "./curve_fit/mod.ts";
export { type PowerCurve, powerCurveOf } from "./data/power_curves.ts";
export { EngineEstimator } from "./engine_estimator.ts";
export type * from "./estimate_case.ts";
export type * from "./estimator.ts";
export { type GraphCoverage, graphCoverage } from "./model/graph_coverage.ts";
export {
  BACKENDS,
  type EngineSource,
  EstimatorOpener,
  type ModelConfig,
} from "./open_estimator.ts";
export {
  type CappedClock,
  clockAtCap,
  type ClockedPhase,
  declaredError,
  dynamicShare,
  lowestClock,
  phaseAtCap,
  phaseAtClock,
  type PhaseSums,
  REGULATION,
  slowdownOf,
} from "./power_curve.ts";
export { POWER } from "./host.ts";
export {
  openEstimators,
  type OtherModels,
  storeSource,
} from "./store_source.ts";
export { buildWasm } from "./build.ts";
export { loadModule } from "./load_module.ts";
export * from "./search/mod.ts";
export { type CapRange, capRangeOf } from "./data/cap_range.ts";
export * from "./sizing.ts";
export { GPU_SKUS, type GpuSku } from "./data/gpu_skus.ts";
