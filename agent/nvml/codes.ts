/** NVML's return codes by name, so that an error reads the same in a log, in a report and in NVIDIA's manual. @module */

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, "NVML_SUCCESS"],
  [1, "NVML_ERROR_UNINITIALIZED"],
  [2, "NVML_ERROR_INVALID_ARGUMENT"],
  [3, "NVML_ERROR_NOT_SUPPORTED"],
  [4, "NVML_ERROR_NO_PERMISSION"],
  [5, "NVML_ERROR_ALREADY_INITIALIZED"],
  [6, "NVML_ERROR_NOT_FOUND"],
  [7, "NVML_ERROR_INSUFFICIENT_SIZE"],
  [8, "NVML_ERROR_INSUFFICIENT_POWER"],
  [9, "NVML_ERROR_DRIVER_NOT_LOADED"],
  [10, "NVML_ERROR_TIMEOUT"],
  [11, "NVML_ERROR_IRQ_ISSUE"],
  [12, "NVML_ERROR_LIBRARY_NOT_FOUND"],
  [13, "NVML_ERROR_FUNCTION_NOT_FOUND"],
  [14, "NVML_ERROR_CORRUPTED_INFOROM"],
  [15, "NVML_ERROR_GPU_IS_LOST"],
  [16, "NVML_ERROR_RESET_REQUIRED"],
  [17, "NVML_ERROR_OPERATING_SYSTEM"],
  [18, "NVML_ERROR_LIB_RM_VERSION_MISMATCH"],
  [19, "NVML_ERROR_IN_USE"],
  [20, "NVML_ERROR_MEMORY"],
  [21, "NVML_ERROR_NO_DATA"],
  [22, "NVML_ERROR_VGPU_ECC_NOT_SUPPORTED"],
  [23, "NVML_ERROR_INSUFFICIENT_RESOURCES"],
  [24, "NVML_ERROR_FREQ_NOT_SUPPORTED"],
  [25, "NVML_ERROR_ARGUMENT_VERSION_MISMATCH"],
  [26, "NVML_ERROR_DEPRECATED"],
  [27, "NVML_ERROR_NOT_READY"],
  [28, "NVML_ERROR_GPU_NOT_FOUND"],
  [29, "NVML_ERROR_INVALID_STATE"],
  [999, "NVML_ERROR_UNKNOWN"],
]);

export const NVML_SUCCESS = 0;
export const NVML_ERROR_UNINITIALIZED = 1;
export const NVML_ERROR_NOT_SUPPORTED = 3;
export const NVML_ERROR_INSUFFICIENT_SIZE = 7;
export const NVML_ERROR_DRIVER_NOT_LOADED = 9;
export const NVML_ERROR_FUNCTION_NOT_FOUND = 13;
export const NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18;

/** @returns the name in `nvml.h`, or `NVML_ERROR_<code>` for one this table does not know */
export function nvmlCodeName(code: number): string {
  return NAMES.get(code) ?? `NVML_ERROR_${code}`;
}

/** Codes that say that the session is gone, not the GPU: the library must be initialised anew. */
export const SESSION_LOST_CODES: ReadonlySet<number> = new Set([
  NVML_ERROR_UNINITIALIZED,
  NVML_ERROR_DRIVER_NOT_LOADED,
  NVML_ERROR_LIB_RM_VERSION_MISMATCH,
]);

/** Codes that say "this device or driver cannot": an absent value, not a fault. */
export const ABSENT_CODES: ReadonlySet<number> = new Set([
  NVML_ERROR_NOT_SUPPORTED,
  NVML_ERROR_FUNCTION_NOT_FOUND,
]);

/** Bits of the clock throttle (event) reasons, `nvmlClocksEventReason*`. */
const THROTTLE_REASONS: readonly (readonly [bigint, string])[] = [
  [0x1n, "gpu_idle"],
  [0x2n, "applications_clocks"],
  [0x4n, "sw_power_cap"],
  [0x8n, "hw_slowdown"],
  [0x10n, "sync_boost"],
  [0x20n, "sw_thermal_slowdown"],
  [0x40n, "hw_thermal_slowdown"],
  [0x80n, "hw_power_brake_slowdown"],
  [0x100n, "display_clock_setting"],
];

/** Name of the reason that says the power limit holds clocks down. */
export const POWER_CAP_REASON = "sw_power_cap";

/** @returns the names of the bits that are set; unknown bits as `bit_<n>` */
export function throttleReasonNames(mask: bigint): string[] {
  const names: string[] = [];
  let rest = mask;
  for (const [bit, name] of THROTTLE_REASONS) {
    if (mask & bit) names.push(name);
    rest &= ~bit;
  }
  for (let bit = 0; rest > 0n; bit++, rest >>= 1n) {
    if (rest & 1n) names.push(`bit_${bit}`);
  }
  return names;
}
