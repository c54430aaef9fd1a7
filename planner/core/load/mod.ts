/** Load scaling (R22): steps of one replica from live engine load. Pure. @module */

export { easySignal } from "./easy_mode.ts";
export {
  type DownSignal,
  type LoadMemory,
  type LoadSample,
  NO_LOAD_MEMORY,
} from "./memory.ts";
export { fitStepTime, type StepTime, withSamples } from "./samples.ts";
export { type LoadInput, type LoadProposal, scaleLoad } from "./scale_load.ts";
export type { LoadSignal } from "./signal.ts";
export {
  prefillTimeMs,
  type SlaInput,
  slaSignal,
  uncachedShare,
} from "./sla_mode.ts";
