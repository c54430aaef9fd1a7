/** The fastest that the hardware allows, ms: measured rows below it are raised to it (`aic-engine.md` §2.2, §4). @module */

import { KV_BYTES, QUANT_MODES } from "../../model/quant_mode.ts";
import type { SystemSpec } from "../system_spec.ts";

/** Least latency at a point of the three axes, ms. */
export type LatencyFloor = (
  axis0: number,
  axis1: number,
  axis2: number,
) => number;

/** Tensor cores take an fp8 KV cache from this SM version on. */
const FP8_SM_VERSION = 89;
const MS_PER_SECOND = 1000;

/** Floor of a GEMM over (m, n, k), or null when the mode or its rate is unknown. */
export function gemmFloor(
  system: SystemSpec,
  quant: string,
): LatencyFloor | null {
  const mode = QUANT_MODES[quant];
  const flops = mode && system.flopsPerSecond[mode.dtype];
  if (mode === undefined || flops === undefined) return null;
  const bandwidth = system.memoryBandwidthBytesPerSecond;
  return (m, n, k) =>
    Math.max(
      2 * m * n * k / flops * MS_PER_SECOND,
      mode.bytes * (m * n + m * k + n * k) / bandwidth * MS_PER_SECOND,
    );
}

/** A slice of generation attention. */
export interface GenerationSlice {
  readonly kv: string;
  /** KV heads of the look-up: 0 = as many as query heads. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** 0 = none. */
  readonly window: number;
}

/** Floor of generation attention over (heads, batch, length), or null when the mode or the rate is unknown. */
export function generationAttentionFloor(
  system: SystemSpec,
  { kv, kvHeads, headDim, window }: GenerationSlice,
): LatencyFloor | null {
  const kvBytes = KV_BYTES[kv];
  const dtype = kv === "fp8" && system.smVersion >= FP8_SM_VERSION
    ? "fp8"
    : "bfloat16";
  const flops = system.flopsPerSecond[dtype];
  if (kvBytes === undefined || flops === undefined) return null;
  const bandwidth = system.memoryBandwidthBytesPerSecond;
  return (heads, batch, length) => {
    const past = window > 0 ? Math.min(length - 1, window) : length - 1;
    const kvCount = kvHeads === 0 ? heads : kvHeads;
    const query = 2 * heads * headDim;
    const bytes = batch *
      (query + 2 * kvCount * past * headDim * kvBytes + query);
    return Math.max(
      4 * batch * heads * headDim * past / flops * MS_PER_SECOND,
      bytes / bandwidth * MS_PER_SECOND,
    );
  };
}
