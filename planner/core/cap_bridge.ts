/** From the model's watts to a cap: R10 and R11. @module */

import type { GpuWatts } from "./capacity.ts";

/** Above this multiple of TDP a prediction is not physical (R11); exactly the multiple passes. */
export const NON_PHYSICAL_FACTOR = 1.1;

/** A cap and how it came about. */
export interface BridgedCap {
  /** Watts per GPU, within the SKU's range. */
  readonly capWatts: number;
  /** The prediction that was used: raw, or TDP where the raw one is not usable. */
  readonly usedWatts: number;
  /** The raw prediction was above {@linkcode NON_PHYSICAL_FACTOR} × TDP, or missing. */
  readonly replaced: "non_physical" | "missing" | undefined;
}

/**
 * R10: `cap = ceil(predicted × max(1, c_power))`, never below the model's estimate; R11 for predictions that are
 * not physical; then clamped to what the GPU takes.
 *
 * @param predictedWatts the model's raw draw of one GPU
 * @param powerCoefficient c_power of the side
 * @param gpu the range of the SKU
 */
export function bridgeCap(
  predictedWatts: number,
  powerCoefficient: number,
  gpu: GpuWatts,
): BridgedCap {
  const replaced = !(predictedWatts > 0)
    ? "missing" as const
    : predictedWatts > NON_PHYSICAL_FACTOR * gpu.tdpWatts
    ? "non_physical" as const
    : undefined;
  const usedWatts = replaced ? gpu.tdpWatts : predictedWatts;
  const factor = Number.isFinite(powerCoefficient)
    ? Math.max(1, powerCoefficient)
    : 1;
  return {
    capWatts: withinRange(ceilWatts(usedWatts * factor), gpu),
    usedWatts,
    replaced,
  };
}

/** A cap within the SKU's range. */
export function withinRange(capWatts: number, gpu: GpuWatts): number {
  return Math.min(gpu.maxWatts, Math.max(gpu.minWatts, capWatts));
}

/** Whole watts upwards; 499.9999999 from a product of floats is 500, and 500.0000001 is 500 too. */
export function ceilWatts(watts: number): number {
  return Math.ceil(watts - 1e-6);
}
