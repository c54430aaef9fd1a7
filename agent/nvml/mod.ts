/** NVML: symbol table, two binders, the typed port over them, and GPUs that are only simulated. @module */

export {
  AGENT_NVML_ERRORS,
  type DriverInfo,
  type Enumeration,
  type GpuIdentity,
  type GpuLimits,
  type GpuProcess,
  type GpuTelemetry,
  type Nvml,
  type NvmlError,
  type NvmlResult,
} from "../ports.ts";
export type { BoundLibrary, NvmlBinder } from "./binder.ts";
export { NVML_LIBRARY_CANDIDATES } from "./candidates.ts";
export { nvmlCodeName, POWER_CAP_REASON } from "./codes.ts";
export { dlopenBinder } from "./dlopen_binder.ts";
export { NativeNvml, openNativeNvml } from "./native.ts";
export {
  NVML_CHOICES,
  type NvmlChoice,
  type NvmlOpening,
  openNvml,
} from "./open.ts";
export { type SimulatedGpu, simulatedGpu, SimulatedNvml } from "./simulated.ts";
export { NVML_SYMBOL_NAMES, NVML_SYMBOLS } from "./symbols.ts";
