/** Attention operators: lanes, slices, extras and the empirical ladder (`aic-engine.md` §2.2, §5.3, §5.4, §5.12). @module */

import type { PackSlice } from "../data/pack/format.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type {
  ContextAttentionOp,
  GenerationAttentionOp,
} from "../graph/op_spec.ts";
import { FMHA_MODES, KV_BYTES } from "../model/quant_mode.ts";
import {
  type BindContext,
  newOp,
  readsSamples,
  readsTables,
} from "./bind_context.ts";
import { headSizeEfficiency } from "./head_size.ts";
import { memoryOpMs } from "./memory_op.ts";
import { sampled, transfers } from "./transfer.ts";
import { type Address, KIND } from "./wasm_exports.ts";

/** Key of a slice after its lane: everything up to the head size, then head size and window. */
interface SliceKey {
  readonly table: "context_attention" | "generation_attention";
  readonly prefix: readonly (string | number)[];
  readonly headSize: number;
  readonly window: number;
}

/** Share that upstream adds to the layer extras. */
const EXTRA_FACTOR = 1.1;
/** Head size that attention transfers start from. */
const REFERENCE_HEAD_SIZE = 128;

type AttentionOp = ContextAttentionOp | GenerationAttentionOp;

function keyOf(op: AttentionOp): SliceKey {
  const kvHeads = op.kvHeads === op.heads ? 0 : op.kvHeads;
  return {
    table: op.kind,
    prefix: op.kind === "context_attention"
      ? [op.fmha, op.kv, kvHeads]
      : [op.kv, kvHeads],
    headSize: op.headSize,
    window: op.window,
  };
}

function matches(slice: PackSlice, key: SliceKey): boolean {
  return key.prefix.every((part, index) => slice.key[index + 1] === part);
}

/** Lanes in the order they are asked: the pinned one, then by first appearance. */
function lanesOf(context: BindContext, table: SliceKey["table"]): string[] {
  const slices = context.tables?.of(table) ?? [];
  const lanes = [...new Set(slices.map((slice) => String(slice.key[0])))];
  const pinned = context.tables?.directory.pinnedLane;
  return pinned !== null && pinned !== undefined && lanes.includes(pinned)
    ? [pinned, ...lanes.filter((lane) => lane !== pinned)]
    : lanes;
}

function findSlice(
  context: BindContext,
  key: SliceKey,
): PackSlice | undefined {
  for (const lane of lanesOf(context, key.table)) {
    const found = context.tables?.find(
      key.table,
      lane,
      ...key.prefix,
      key.headSize,
      key.window,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Token-independent work around context attention: norms, rotation and the KV write (§5.3), ms. */
function extraMs(context: BindContext, op: ContextAttentionOp): number {
  const { perByte, constant, solPerByte } = memoryOpMs(context.system);
  const sol = context.mode === "SOL";
  const memory = (bytes: number) =>
    sol ? bytes * solPerByte : bytes * perByte + constant;
  const q = op.heads * op.headSize;
  const k = op.kvHeads * op.headSize;
  const fmhaBytes = FMHA_MODES[op.fmha]?.bytes ?? 2;
  const norms = op.qkNorm ? 2 * (2 * memory(2 * q) + 2 * memory(2 * k)) : 0;
  return EXTRA_FACTOR *
    (norms + 2 * memory(2 * q + 2 * k) + 2 * memory(k * fmhaBytes));
}

/** Rate of the attention kernels, FLOP/s; 0 when the GPU has none. */
function contextFlops(system: SystemSpec, op: ContextAttentionOp): number {
  const dtype = FMHA_MODES[op.fmha]?.dtype ?? "bfloat16";
  return system.flopsPerSecond[dtype] ?? 0;
}

/** Rate of decode attention: fp8 kernels where the cache is fp8 and the GPU has them. */
export function generationFlops(system: SystemSpec, kv: string): number {
  const fp8 = kv === "fp8" && system.smVersion >= 89;
  return system.flopsPerSecond[fp8 ? "fp8" : "bfloat16"] ?? 0;
}

function setShape(
  context: BindContext,
  address: Address,
  op: AttentionOp,
  extra: number,
): void {
  context.wasm.setAttention(
    address,
    op.heads,
    op.kvHeads === op.heads ? 0 : op.kvHeads,
    op.headSize,
    op.window,
    KV_BYTES[op.kv] ?? 2,
    extra,
    op.contextParallel,
  );
}

function bindAttention(
  context: BindContext,
  op: AttentionOp,
  shape: { kind: number; flops: number; extra: number },
): Address {
  const { wasm, tables, mode } = context;
  const address = newOp(context, op, shape.kind);
  wasm.setPrecision(address, shape.flops, 0);
  setShape(context, address, op, shape.extra);
  if (mode === "ROOFLINE") {
    context.roofline.attention(wasm, address, op);
    return address;
  }
  if (readsTables(mode)) {
    wasm.setGrid(address, tables?.grid(findSlice(context, keyOf(op))) ?? 0);
  }
  if (readsSamples(mode)) bindSamples(context, op, shape, address);
  return address;
}

/** Binds attention of prefill passes. */
export function bindContext(
  context: BindContext,
  op: ContextAttentionOp,
): Address {
  return bindAttention(context, op, {
    kind: KIND.contextAttention,
    flops: contextFlops(context.system, op),
    extra: extraMs(context, op),
  });
}

/** Binds attention of decode steps. */
export function bindGeneration(
  context: BindContext,
  op: GenerationAttentionOp,
): Address {
  return bindAttention(context, op, {
    kind: KIND.generationAttention,
    flops: generationFlops(context.system, op.kv),
    extra: 0,
  });
}

/** For the exact window, then window 0: own head size in any lane, else a reference head size, lane by lane. */
function bindSamples(
  context: BindContext,
  op: AttentionOp,
  shape: { kind: number; flops: number },
  address: Address,
): void {
  const key = keyOf(op);
  const slices =
    context.tables?.of(key.table).filter((slice) =>
      matches(slice, key) && sampled(context, slice)
    ) ?? [];
  const found = [...new Set([op.window, 0])]
    .map((window) => sampleSlice(context, slices, key, window))
    .find((slice) => slice !== undefined);
  if (found === undefined) return;
  const size = key.prefix.length + 1;
  const headSize = Number(found.key[size]);
  const window = Number(found.key[size + 1]);
  const { wasm, tables } = context;
  const reference = newOp(context, op, shape.kind);
  wasm.setPrecision(reference, shape.flops, 0);
  setShape(context, reference, { ...op, headSize, window }, 0);
  wasm.setGrid(reference, tables?.grid(found) ?? 0);
  const ratio = op.kind === "context_attention"
    ? headSizeEfficiency(context.backend, op.headSize) /
      headSizeEfficiency(context.backend, headSize)
    : 1;
  wasm.setReference(address, reference, ratio);
}

function sampleSlice(
  context: BindContext,
  slices: readonly PackSlice[],
  key: SliceKey,
  window: number,
): PackSlice | undefined {
  const size = key.prefix.length + 1;
  const lanes = lanesOf(context, key.table).filter((lane) =>
    slices.some((slice) => slice.key[0] === lane)
  );
  const at = (lane: string, headSize: number) =>
    slices.find((slice) =>
      slice.key[0] === lane && slice.key[size] === headSize &&
      slice.key[size + 1] === window
    );
  for (const lane of lanes) {
    const own = at(lane, key.headSize);
    if (own !== undefined) return own;
  }
  if (!transfers(context, "xshape")) return undefined;
  for (const lane of lanes) {
    const sizes = slices.filter((slice) => slice.key[0] === lane)
      .map((slice) => Number(slice.key[size])).sort((a, b) => a - b);
    const reference = at(lane, referenceHeadSize(sizes, key.headSize));
    if (reference !== undefined) return reference;
  }
  return undefined;
}

/** 128 where the lane has it, at any window, else the nearest in |ln|. */
function referenceHeadSize(sizes: readonly number[], wanted: number): number {
  if (sizes.includes(REFERENCE_HEAD_SIZE)) return REFERENCE_HEAD_SIZE;
  let best = sizes[0] ?? REFERENCE_HEAD_SIZE;
  for (const size of sizes) {
    if (
      Math.abs(Math.log(size / wanted)) < Math.abs(Math.log(best / wanted))
    ) best = size;
  }
  return best;
}
