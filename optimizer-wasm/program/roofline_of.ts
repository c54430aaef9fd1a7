/** Efficiencies of a system and backend from the fitted rows (R54). @module */

import {
  COLLECTIVE_ROWS,
  type Generation,
  HOST_MS,
  ROOFLINE_ROWS,
  type RooflineFamily,
  type RooflineRow,
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

/** Precisions whose rows stand in for one that was never measured, nearest first; bf16 ends every list. */
const NEXT_PRECISION: Readonly<
  Partial<Record<RooflineFamily, Readonly<Record<string, readonly string[]>>>>
> = {
  gemm: {
    fp8_static: ["fp8"],
    fp8_ootb: ["fp8"],
    sq: ["fp8", "int8_wo"],
    int4_wo: ["int8_wo"],
    nvfp4_wo: ["int4_wo", "int8_wo"],
    nvfp4: ["fp8_block", "fp8"],
    fp8_block: ["fp8"],
    fp8: ["fp8_block"],
  },
  moe: {
    nvfp4: ["fp8_block", "fp8"],
    nvfp4_wo: ["int4_wo"],
    w4a16_nvfp4: ["int4_wo"],
    w4afp8: ["int4_wo", "fp8"],
    int4_wo: ["w4a16_mxfp4"],
    w4a16_mxfp4: ["int4_wo"],
    w4a16_mxfp4_cutlass: ["w4a16_mxfp4", "int4_wo"],
    w4a8_mxfp4_mxfp8: ["nvfp4", "fp8"],
    w4a8_mxfp4_mxfp8_trtllm: ["w4a8_mxfp4_mxfp8", "nvfp4", "fp8"],
    fp8: ["fp8_block"],
    fp8_block: ["fp8"],
  },
  context_attention: { bf16_kvfp8: ["bf16"], fp8: ["bf16_kvfp8"] },
  context_mla: { bf16_kvfp8: ["bf16"], fp8: ["bf16_kvfp8"] },
  computescale: { bf16: ["fp8"] },
};

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
): RooflineRow {
  const named = precision === "bfloat16" ? "bf16" : precision;
  const next = NEXT_PRECISION[family]?.[named] ?? [];
  const candidates = [named, ...next, "bf16", "fp8"];
  for (const candidate of candidates) {
    const rows = ROOFLINE_ROWS.filter((row) =>
      row.family === family && row.precision === candidate &&
      row.generation === generation
    );
    const row = rows.find((one) => one.backend === backend) ??
      rows.find((one) => one.backend === "any");
    if (row !== undefined) return row;
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
    found: RooflineRow,
    own: { tile: number; scale: number; issue: number; host?: number },
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
      own.host ?? 0,
      processors,
    );
  return {
    gemm: (wasm, address, op, insideBlock) => {
      // Inside a latent block the launch overlaps with its neighbours: the kernel's own time counts.
      const own = insideBlock && op.quant === "fp8_block" ? "any" : backend;
      const found = find("gemm", op.quant, generation, own);
      const launched = op.quant === "fp8_block" && own === "vllm";
      set(wasm, address, found, {
        tile: found.first,
        scale: 1,
        issue: 0,
        host: launched ? HOST_MS[system.name] ?? 0 : 0,
      });
    },
    quantize: (wasm, address, step) => {
      const found = find(step, "fp8", generation, backend);
      set(wasm, address, found, { tile: 0, scale: 1, issue: 0 });
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
      const mixed = op.fmha === "bfloat16" && op.kv === "fp8";
      const precision = op.kind === "generation_mla"
        ? op.kv
        : mixed
        ? "bf16_kvfp8"
        : op.fmha;
      const found = find(op.kind, precision, generation, backend);
      set(wasm, address, found, { tile: 0, scale: 1, issue: 0 });
    },
    bmm: (wasm, address, op) => {
      const found = find("mla_bmm", op.quant, generation, backend);
      set(wasm, address, found, { tile: 0, scale: 1, issue: 0 });
    },
    moe: (wasm, address, op, lowLatency) => {
      const precision = lowLatency ? "nvfp4_lowlat" : op.quant;
      const found = find("moe", precision, generation, backend);
      set(wasm, address, found, {
        tile: found.first,
        scale: op.moeEp ** found.second,
        issue: 0,
      });
    },
    collective: (wasm, address, collective, gpus) => {
      const rows = COLLECTIVE_ROWS.filter((row) =>
        row.collective === collective && row.generation === generation
      );
      const row = rows.find((one) => one.backend === backend) ??
        rows.find((one) => one.backend === "any");
      if (row === undefined) {
        throw new TypeError(`No roofline row for ${collective}`);
      }
      wasm.setRoofline(
        address,
        row.startMs + row.startMsPerGpu * gpus,
        1,
        row.wire,
        1,
        row.root,
        1,
        0,
        0,
        processors,
      );
    },
  };
}
