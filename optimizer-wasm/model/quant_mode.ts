/** Quantisation modes: bytes an element, compute profile, tensor-core type (`aic-engine.md` §2.1). @module */

import type { ComputeDtype } from "../data/system_spec.ts";

/** What a mode means for the arithmetic. */
export interface QuantMode {
  /** Bytes of one element in memory. */
  readonly bytes: number;
  /** Compute factor; together with `bytes` the profile that empirical transfers match on (§5.12). */
  readonly factor: number;
  readonly dtype: ComputeDtype;
}

const mode = (
  bytes: number,
  factor: number,
  dtype: ComputeDtype,
): QuantMode => ({ bytes, factor, dtype });

/** Modes of GEMM and MoE weights. */
export const QUANT_MODES: Readonly<Record<string, QuantMode>> = {
  bfloat16: mode(2, 1, "bfloat16"),
  int8_wo: mode(1, 1, "bfloat16"),
  int4_wo: mode(0.5, 1, "bfloat16"),
  fp8: mode(1, 2, "fp8"),
  fp8_static: mode(1, 2, "fp8"),
  fp8_block: mode(1, 2, "fp8"),
  fp8_ootb: mode(1, 2, "fp8"),
  sq: mode(1, 2, "int8"),
  nvfp4: mode(9 / 16, 4, "fp4"),
  nvfp4_wo: mode(9 / 16, 1, "bfloat16"),
  w4a16_nvfp4: mode(9 / 16, 1, "bfloat16"),
  w4afp8: mode(0.5, 2, "fp8"),
  w4a16_mxfp4: mode(0.5, 1, "bfloat16"),
  w4a16_mxfp4_cutlass: mode(0.5, 1, "bfloat16"),
  w4a8_mxfp4_mxfp8: mode(0.5, 2, "fp8"),
  w4a8_mxfp4_mxfp8_trtllm: mode(0.5, 2, "fp8"),
};

/** Modes that a GEMM can have. */
export const GEMM_MODES: readonly string[] = [
  "bfloat16",
  "int8_wo",
  "int4_wo",
  "fp8",
  "fp8_static",
  "fp8_block",
  "fp8_ootb",
  "sq",
  "nvfp4",
  "nvfp4_wo",
];

/** Modes that experts can have. */
export const MOE_MODES: readonly string[] = [
  "bfloat16",
  "fp8",
  "fp8_block",
  "int4_wo",
  "nvfp4",
  "nvfp4_wo",
  "w4a16_nvfp4",
  "w4afp8",
  "w4a16_mxfp4",
  "w4a16_mxfp4_cutlass",
  "w4a8_mxfp4_mxfp8",
  "w4a8_mxfp4_mxfp8_trtllm",
];

/** Attention compute modes. */
export const FMHA_MODES: Readonly<Record<string, QuantMode>> = {
  bfloat16: mode(2, 1, "bfloat16"),
  fp8: mode(1, 2, "fp8"),
  fp8_block: mode(1, 2, "fp8"),
};

/** Bytes of one element of the KV cache. */
export const KV_BYTES: Readonly<Record<string, number>> = {
  bfloat16: 2,
  int8: 1,
  fp8: 1,
};

/** @throws {TypeError} for a mode that `quantNames` would not list; callers check names at the boundary */
export function quantMode(name: string): QuantMode {
  const found = QUANT_MODES[name];
  if (found === undefined) {
    throw new TypeError(`Unknown quantisation mode "${name}"`);
  }
  return found;
}
