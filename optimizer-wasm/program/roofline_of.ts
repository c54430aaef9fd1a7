/** Efficiencies of a system and backend from the fitted rows (R54). @module */

import {
  COLLECTIVE_ROWS,
  type Generation,
  ROOFLINE_ROWS,
  type RooflineFamily,
} from "../data/roofline_rows.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { RooflineModel } from "./roofline_model.ts";
import type { Address, WasmExports } from "./wasm_exports.ts";

/** Head size that attention kernels are made for. */
const BASE_HEAD_SIZE = 128;

/** Streaming multiprocessors by system, else by generation. */
const PROCESSORS: Readonly<Record<string, number>> = {
  a100_sxm: 108,
  h100_sxm: 132,
  h200_sxm: 132,
  b200_sxm: 148,
  gb200: 152,
  ampere: 108,
  hopper: 132,
  blackwell: 148,
};

/** Precisions whose rows stand in for one that was never measured, nearest first. */
const NEXT_PRECISION: Readonly<Record<string, readonly string[]>> = {
  fp8_static: ["fp8"],
  fp8_ootb: ["fp8"],
  sq: ["fp8", "int8_wo", "bf16"],
  int8_wo: ["bf16"],
  int4_wo: ["int8_wo", "w4a16_mxfp4", "bf16"],
  nvfp4_wo: ["int4_wo", "int8_wo", "bf16"],
  w4a16_nvfp4: ["int4_wo", "bf16"],
  nvfp4: ["fp8_block", "fp8", "bf16"],
  fp8_block: ["fp8", "bf16"],
  fp8: ["fp8_block", "bf16"],
  w4a16_mxfp4: ["int4_wo", "bf16"],
  w4a16_mxfp4_cutlass: ["w4a16_mxfp4", "int4_wo", "bf16"],
  w4a8_mxfp4_mxfp8: ["nvfp4", "fp8", "bf16"],
  w4a8_mxfp4_mxfp8_trtllm: ["w4a8_mxfp4_mxfp8", "nvfp4", "fp8", "bf16"],
  w4afp8: ["int4_wo", "fp8", "bf16"],
  bf16_kvfp8: ["bf16"],
};

/** Parameters of one operator family. */
interface Efficiencies {
  readonly constantMs: number;
  readonly compute: number;
  readonly memory: number;
  readonly exponent: number;
  readonly first: number;
  readonly second: number;
}

/** The generation whose rows a GPU is judged by; newer ones than the rows know count as the newest. */
function generationOf(smVersion: number): Generation {
  if (smVersion >= 100) return "blackwell";
  return smVersion >= 89 ? "hopper" : "ampere";
}

function find(
  family: RooflineFamily,
  precision: string,
  generation: Generation,
  backend: string,
): Efficiencies {
  const named = precision === "bfloat16" ? "bf16" : precision;
  const candidates = [named, ...(NEXT_PRECISION[named] ?? []), "bf16"];
  for (const candidate of candidates) {
    const rows = ROOFLINE_ROWS.filter((row) =>
      row[0] === family && row[1] === candidate && row[2] === generation
    );
    const row = rows.find((one) => one[3] === backend) ??
      rows.find((one) => one[3] === "any");
    if (row === undefined) continue;
    const [, , , , constantMs, compute, memory, exponent, first, second] = row;
    return { constantMs, compute, memory, exponent, first, second };
  }
  throw new TypeError(`No roofline row for ${family} on ${generation}`);
}

/** The built-in model of a system. */
export function rooflineOf(
  system: SystemSpec,
  backend: string,
): RooflineModel {
  const generation = generationOf(system.smVersion);
  const processors = PROCESSORS[system.name] ?? PROCESSORS[generation] ?? 132;
  const set = (
    wasm: WasmExports,
    address: Address,
    found: Efficiencies,
    own: { tile: number; scale: number; issue: number },
  ) =>
    wasm.setRoofline(
      address,
      found.constantMs,
      found.compute,
      found.memory,
      found.exponent,
      own.tile,
      own.scale,
      own.issue,
      processors,
    );
  return {
    gemm: (wasm, address, op) => {
      const found = find("gemm", op.quant, generation, backend);
      set(wasm, address, found, { tile: found.first, scale: 1, issue: 0 });
    },
    attention: (wasm, address, op) => {
      if (op.kind === "context_attention") {
        const mixed = op.fmha === "bfloat16" && op.kv === "fp8";
        const precision = mixed ? "bf16_kvfp8" : op.fmha;
        const found = find(op.kind, precision, generation, backend);
        const scale = (BASE_HEAD_SIZE / op.headSize) ** found.second;
        return set(wasm, address, found, {
          tile: found.first,
          scale,
          issue: 0,
        });
      }
      const found = find(op.kind, op.kv, generation, backend);
      set(wasm, address, found, {
        tile: found.first,
        scale: 1,
        issue: found.second,
      });
    },
    mla: (wasm, address, op) => {
      // A latent cache read once for all heads: compute at attention's rate, memory at decode's.
      const family = op.kind === "context_mla"
        ? "context_attention"
        : "generation_attention";
      const precision = op.kind === "context_mla" ? op.fmha : op.kv;
      const found = find(family, precision, generation, backend);
      set(wasm, address, found, { tile: 0, scale: 1, issue: 0 });
    },
    bmm: (wasm, address, op) => {
      const found = find("gemm", op.quant, generation, backend);
      set(wasm, address, found, { tile: 0, scale: 1, issue: 0 });
    },
    moe: (wasm, address, op) => {
      const found = find("moe", op.quant, generation, backend);
      set(wasm, address, found, {
        tile: found.first,
        scale: op.moeEp ** found.second,
        issue: 0,
      });
    },
    collective: (wasm, address, collective, gpus) => {
      const rows = COLLECTIVE_ROWS.filter((row) =>
        row[0] === collective && row[1] === generation
      );
      const row = rows.find((one) => one[2] === backend) ??
        rows.find((one) => one[2] === "any");
      if (row === undefined) {
        throw new TypeError(`No roofline row for ${collective}`);
      }
      const [, , , start, startPerGpu, wire, root] = row;
      wasm.setRoofline(
        address,
        start + startPerGpu * gpus,
        1,
        wire,
        1,
        root,
        1,
        0,
        processors,
      );
    },
  };
}
