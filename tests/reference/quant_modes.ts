/** Quant modes (`aic-engine.md` §2.1). @module */

import type {
  ComputeDtype,
  SystemSpec,
} from "../../optimizer-wasm/data/system_spec.ts";
import { Refusal } from "./refusal.ts";

/** Bytes an element, compute factor, and the data type it is computed in. */
export interface QuantMode {
  readonly name: string;
  readonly mem: number;
  readonly cf: number;
  readonly dtype: ComputeDtype;
}

const MODES: Readonly<Record<string, readonly [number, number, ComputeDtype]>> =
  {
    bfloat16: [2, 1, "bfloat16"],
    int8_wo: [1, 1, "bfloat16"],
    int4_wo: [0.5, 1, "bfloat16"],
    fp8: [1, 2, "fp8"],
    fp8_static: [1, 2, "fp8"],
    fp8_block: [1, 2, "fp8"],
    fp8_ootb: [1, 2, "fp8"],
    sq: [1, 2, "int8"],
    nvfp4: [9 / 16, 4, "fp4"],
    nvfp4_wo: [9 / 16, 1, "bfloat16"],
    w4a16_nvfp4: [9 / 16, 1, "bfloat16"],
    w4afp8: [0.5, 2, "fp8"],
    w4a16_mxfp4: [0.5, 1, "bfloat16"],
    w4a16_mxfp4_cutlass: [0.5, 1, "bfloat16"],
    w4a8_mxfp4_mxfp8: [0.5, 2, "fp8"],
    w4a8_mxfp4_mxfp8_trtllm: [0.5, 2, "fp8"],
  };

/** The mode of a name; tables hold names that no graph asks for, and these have none. */
export function findMode(name: string): QuantMode | undefined {
  const found = MODES[name];
  return found && { name, mem: found[0], cf: found[1], dtype: found[2] };
}

/** The mode of a name that must be known. */
export function modeOf(name: string): QuantMode {
  const mode = findMode(name);
  if (mode === undefined) {
    throw new Refusal("invalid_value", `Unknown quant mode "${name}".`);
  }
  return mode;
}

/** Bytes of a KV-cache element. */
export function kvBytes(kv: string): number {
  return kv === "bfloat16" ? 2 : 1;
}

/** F(q), FLOP/s (§1.3): no default. */
export function flopsOf(
  system: SystemSpec,
  { name, dtype }: QuantMode,
): number {
  const rate = system.flopsPerSecond[dtype];
  if (rate === undefined) {
    throw new Refusal(
      "missing_flops",
      `${system.name} has no ${dtype} rate, which ${name} needs.`,
    );
  }
  return rate;
}

/** F_g of decode attention (§4): fp8 only where tensor cores have it. */
export function decodeFlops(system: SystemSpec, kv: string): number {
  const isFp8 = kv === "fp8" && system.smVersion >= 89;
  return flopsOf(system, modeOf(isFp8 ? "fp8" : "bfloat16"));
}

/** Whether two modes move and compute alike; the key of transfers (§5.12). */
export function sameProfile(a: QuantMode, b: QuantMode): boolean {
  return a.mem === b.mem && a.cf === b.cf;
}
