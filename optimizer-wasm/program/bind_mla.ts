/** Latent attention: granular kernels, measured modules, and the blocks that hold them (`aic-engine.md` §5.11). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { MlaBmmOp, MlaOp, OpSpec } from "../graph/op_spec.ts";
import { FMHA_MODES, KV_BYTES, quantMode } from "../model/quant_mode.ts";
import {
  type BindContext,
  flopsOf,
  newOp,
  readsSamples,
  readsTables,
} from "./bind_context.ts";
import { generationFlops } from "./bind_attention.ts";
import { sampled } from "./transfer.ts";
import { type Address, KIND } from "./wasm_exports.ts";

/** The native-head bucket of a module: exact, the only one, the largest not above, else the smallest. */
function bucketOf(
  slices: readonly PackSlice[],
  wanted: number,
): PackSlice | undefined {
  const heads = (slice: PackSlice) => Number(slice.key.at(-1));
  const ascending = [...slices].sort((a, b) => heads(a) - heads(b));
  const below = ascending.filter((slice) => heads(slice) <= wanted);
  return below.at(-1) ?? ascending[0];
}

function sliceOf(context: BindContext, op: MlaOp): PackSlice | undefined {
  const { tables } = context;
  if (tables === undefined) return undefined;
  const context_ = op.kind === "context_mla";
  if (op.module === undefined) {
    return context_
      ? tables.find("context_mla", op.fmha, op.kv)
      : tables.find("generation_mla", op.kv);
  }
  const key = context_
    ? [op.fmha, op.kv, op.module.gemm]
    : [op.kv, op.module.gemm];
  const table = context_ ? "mla_context_module" : "mla_generation_module";
  const candidates = tables.of(table).filter((slice) =>
    key.every((part, index) => slice.key[index] === part)
  );
  return bucketOf(candidates, op.module.nativeHeads);
}

function kindOf(op: MlaOp): number {
  if (op.kind === "context_mla") return KIND.contextMla;
  return op.module === undefined
    ? KIND.generationMla
    : KIND.generationMlaModule;
}

function bindOwn(
  context: BindContext,
  address: Address,
  op: OpSpec,
  options: {
    kind: number;
    slice: PackSlice | undefined;
    set: (address: Address) => void;
  },
): void {
  const { wasm, tables, mode } = context;
  const { slice } = options;
  options.set(address);
  if (readsTables(mode)) wasm.setGrid(address, tables?.grid(slice) ?? 0);
  if (readsSamples(mode) && slice !== undefined && sampled(context, slice)) {
    const reference = newOp(context, op, options.kind);
    options.set(reference);
    wasm.setGrid(reference, tables?.grid(slice) ?? 0);
    wasm.setReference(address, reference, 1);
  }
}

/** Binds a kernel or a module. */
export function bindMla(context: BindContext, op: MlaOp): Address {
  const { wasm, system } = context;
  const kind = kindOf(op);
  const flops = op.kind === "context_mla"
    ? system.flopsPerSecond[FMHA_MODES[op.fmha]?.dtype ?? "bfloat16"] ?? 0
    : generationFlops(system, op.kv);
  const gemm = op.module?.gemm ?? "bfloat16";
  const address = newOp(context, op, kind);
  bindOwn(context, address, op, {
    kind,
    slice: sliceOf(context, op),
    set: (target) => {
      wasm.setPrecision(target, flops, quantMode(gemm).bytes);
      wasm.setMla(
        target,
        op.heads,
        KV_BYTES[op.kv] ?? 2,
        flopsOf(system, gemm),
        op.contextParallel,
      );
    },
  });
  if (context.mode === "ROOFLINE") context.roofline.mla(wasm, address, op);
  return address;
}

/** Next power of two, for head counts that were not measured. */
function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** Binds a batched GEMM; its token axis is the batch. */
export function bindMlaBmm(context: BindContext, op: MlaBmmOp): Address {
  const { wasm, tables, system } = context;
  const operation = `mla_gen_${op.step}`;
  const slices = tables?.of("mla_bmm") ?? [];
  const quant = slices.some((slice) => slice.key[0] === op.quant)
    ? op.quant
    : "bfloat16";
  const own = tables?.find("mla_bmm", quant, operation, op.heads);
  const padded = nextPowerOfTwo(op.heads);
  const heads = own === undefined ? padded : op.heads;
  const address = newOp(context, op, KIND.mlaBmm);
  bindOwn(context, address, op, {
    kind: KIND.mlaBmm,
    slice: own ?? tables?.find("mla_bmm", quant, operation, padded),
    set: (target) => {
      wasm.setPrecision(
        target,
        flopsOf(system, quant),
        quantMode(quant).bytes,
      );
      wasm.setMla(target, heads, 0, 0, 1);
      wasm.setBeyond(target, op.heads / heads);
    },
  });
  if (context.mode === "ROOFLINE") context.roofline.bmm(wasm, address, op);
  return address;
}

/** Binds a block of already bound children. */
export function bindBlock(
  context: BindContext,
  op: OpSpec,
  children: { kind: number; addresses: readonly Address[]; second: number },
): Address {
  const { wasm } = context;
  const address = newOp(context, op, children.kind);
  wasm.setChildren(address, children.addresses.length, children.second);
  for (const [index, child] of children.addresses.entries()) {
    wasm.setChild(address, index, child);
  }
  return address;
}
