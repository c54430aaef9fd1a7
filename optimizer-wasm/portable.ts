/** What a browser page and its workers use: engines, searches, packs, sizing. Needs neither Deno nor Node. @module */

export { BUILTIN_SYSTEMS } from "./data/builtin_systems.ts";
export {
  type CapRange,
  capRangeOf,
  lowestRatioOf as lowestCapShare,
} from "./data/cap_range.ts";
export { GPU_SKUS, type GpuSku } from "./data/gpu_skus.ts";
export type { SystemSpec } from "./data/system_spec.ts";
export { PACK_MAGIC, type PackIdentity } from "./data/pack/format.ts";
export { type Pack, parsePack } from "./data/pack/reader.ts";
export { chooseDonors, type PoweredPack } from "./data/store/choose_donors.ts";
export { compareVersions } from "./data/store/version_order.ts";
export { EngineEstimator } from "./engine_estimator.ts";
export type * from "./estimate_case.ts";
export type * from "./estimator.ts";
export type { LoadedPack } from "./host.ts";
export { powerCurveOf } from "./data/power_curves.ts";
export { BUILTIN_MODELS } from "./model/builtin_models.ts";
export {
  BACKENDS,
  type EngineSource,
  EstimatorOpener,
  type ModelConfig,
} from "./open_estimator.ts";
export { phaseAtCap } from "./power_curve.ts";
export * from "./search/mod.ts";
export * from "./sizing.ts";
