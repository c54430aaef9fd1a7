/** Memory of one GPU (`aic-engine.md` §8), bytes. @module */

import type { Layout } from "../../optimizer-wasm/estimate_case.ts";
import type { SystemSpec } from "../../optimizer-wasm/data/system_spec.ts";
import type { Operator } from "./operator.ts";
import { hasWindowLayers, isLatent, type Model } from "./model.ts";
import { kvBytes } from "./quant_modes.ts";

/** What the memory of a worker depends on. */
export interface MemorySetting {
  readonly model: Model;
  readonly layout: Layout;
  readonly system: SystemSpec;
  readonly backend: string;
  readonly version: string;
  readonly kv: string;
  readonly context: readonly Operator[];
  readonly nextn: number;
}

/** A worker and its load. */
export interface MemoryAsk {
  readonly worker: "static" | "static_ctx" | "static_gen" | "agg";
  readonly batch: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
  readonly ctx: number;
}

/** Parts and verdict. */
export interface MemoryValue {
  readonly weights: number;
  readonly activations: number;
  readonly kv: number;
  readonly nccl: number;
  readonly other: number;
  readonly total: number;
  readonly fits: boolean;
}

const MIB = 2 ** 20;
const TRTLLM_MOST_TOKENS = 8192;

/** Coefficients for tp 1, 2, 4, 8. */
const COEFFICIENTS = {
  sglang: {
    GPT: [13, 8, 6.5, 6.5],
    LLAMA: [14, 8.5, 6.5, 6.5],
    MOE: [28, 17, 13, 13],
  },
  others: { GPT: [10, 6, 5, 5], LLAMA: [11, 6.5, 5, 5], MOE: [22, 13, 10, 10] },
} as const;

function rowOf({ family }: Model): "GPT" | "LLAMA" | "MOE" {
  return family === "LLAMA" || family === "GPT" ? family : "MOE";
}

/** What latent-attention models add for the block scales of their experts. */
function workspace(
  { model, layout, backend }: MemorySetting,
  T: number,
): number {
  if (!isLatent(model)) return 0;
  const width = backend === "sglang"
    ? model.hidden
    : model.heads * model.headDim;
  return T * width * layout.dp * model.experts * model.topk / layout.moeEp /
    128 * 4;
}

/** KV cache of one request of a length. */
export function kvOfRequest(
  { model, layout, kv }: MemorySetting,
  length: number,
): number {
  if (isLatent(model)) {
    return length * model.layers * (model.kvLoraRank + model.ropeHeadDim) *
      kvBytes(kv);
  }
  const width = Math.ceil(model.kvHeads / layout.tp) * model.headDim * 2 *
    kvBytes(kv);
  const windowed = hasWindowLayers(model) ? Math.floor(model.layers / 2) : 0;
  return width *
    (windowed * Math.min(length, 128) + (model.layers - windowed) * length);
}

/** Everything but the KV cache, with T tokens in a step of which some are decoded with drafts. */
function withoutKv(setting: MemorySetting, T: number, decoded: number) {
  const { model, layout, system, backend, context, nextn } = setting;
  const isSglang = backend === "sglang";
  const weights = context.reduce((sum, op) => sum + op.weights * op.scale, 0) /
    layout.pp;
  const byFamily = COEFFICIENTS[isSglang ? "sglang" : "others"];
  const column = Math.floor(Math.log2(Math.min(layout.tp, 8)));
  const coefficient = byFamily[rowOf(model)][column] ?? 0;
  const raw = 2 * T * model.heads * model.headDim * coefficient +
    workspace(setting, T);
  const floored = Math.max(raw, (isSglang ? 90 : 70) * MIB) *
    (isSglang ? 1.15 : 1);
  const activations = T > 0 ? floored * (T + decoded * nextn) / T : floored;
  const nccl = system.ncclMemoryBytes[String(Math.min(layout.tp, 8))] ?? 0;
  const other = system.otherMemoryBytes * (isSglang ? 1.2 : 1);
  return { weights, activations, nccl, other };
}

/** §8. */
export function memoryOf(setting: MemorySetting, ask: MemoryAsk): MemoryValue {
  const { worker, batch, isl, osl } = ask;
  const isTrtllmAgg = worker === "agg" && setting.backend === "trtllm";
  const length = worker === "static_ctx" ? isl + 1 : isl + osl;
  const kv = batch * kvOfRequest(setting, length);
  const loads = tokenLoads(ask, isTrtllmAgg);
  const parts = loads.map(({ T, decoded }) => withoutKv(setting, T, decoded))
    .reduce((a, b) => a.activations >= b.activations ? a : b);
  const nonKv = parts.weights + parts.activations + parts.nccl + parts.other;
  const total = nonKv + kv;
  const fits = total < setting.system.memoryCapacityBytes &&
    kv <=
      kvBudget(setting, { nonKv, worker, reserved: 0.015, tolerance: 0.02 });
  return { ...parts, kv, total, fits };
}

function tokenLoads(
  { worker, batch, isl, osl, prefix, ctx }: MemoryAsk,
  isTrtllmAgg: boolean,
) {
  if (isTrtllmAgg) {
    return [{ T: TRTLLM_MOST_TOKENS, decoded: TRTLLM_MOST_TOKENS }];
  }
  switch (worker) {
    case "static_gen":
      return [{ T: batch, decoded: batch }];
    case "static":
    case "static_ctx":
      return [{ T: (isl - prefix) * batch, decoded: 0 }];
    case "agg": {
      if (batch === 1) {
        return [
          { T: ctx, decoded: 0 },
          ...(osl > 1 ? [{ T: 1, decoded: 1 }] : []),
        ];
      }
      const left = batch - Math.ceil(ctx / isl);
      return [{ T: left + ctx, decoded: Math.max(0, left) }];
    }
  }
}

interface BudgetAsk {
  readonly nonKv: number;
  readonly worker: MemoryAsk["worker"];
  readonly reserved: number;
  readonly tolerance: number;
}

function kvBudget(
  setting: MemorySetting,
  { nonKv, worker, reserved, tolerance }: BudgetAsk,
): number {
  const capacity = setting.system.memoryCapacityBytes;
  if (setting.backend === "trtllm") {
    return (capacity - nonKv) * 0.9 * (1 - reserved) * (1 - tolerance);
  }
  return capacity * totalFraction(setting, worker) * (1 - tolerance) - nonKv;
}

function totalFraction(
  { backend, version, system, layout }: MemorySetting,
  worker: MemoryAsk["worker"],
): number {
  if (backend === "vllm") return /^0\.(14|19)/.test(version) ? 0.90 : 0.92;
  if (worker === "agg") return 0.88;
  const { tp, pp, dp } = layout;
  const cap = system.memoryCapacityBytes / MIB;
  const gib = cap / 1024;
  const [chunk, graphs] = gib < 20
    ? [2048, 8]
    : gib < 35
    ? [2048, tp < 4 ? 24 : 80]
    : gib < 60
    ? [4096, tp < 4 ? 32 : 160]
    : gib < 160
    ? [8192, tp < 4 ? 256 : 512]
    : [16384, 512];
  let reserved = 512 + 1.5 * chunk + tp * pp / 8 * 1024 + 2 * graphs;
  if (dp > 1) {
    reserved += 3 * graphs * dp + (graphs > 300 ? 1.5 * graphs * dp : 0);
  }
  if (cap > 60 * 1024) reserved = Math.max(reserved, 10240);
  return Math.round((cap - reserved) / cap * 1000) / 1000;
}

/** Tokens of KV cache for a step of at most T tokens; not positive when there is no budget. */
export function kvCapacity(setting: MemorySetting, T: number): number {
  const { weights, activations, nccl, other } = withoutKv(setting, T, 0);
  const nonKv = weights + activations + nccl + other;
  const bytes = Math.floor(
    kvBudget(setting, { nonKv, worker: "agg", reserved: 0, tolerance: 0 }),
  );
  if (bytes <= 0) return 0;
  if (!hasWindowLayers(setting.model)) {
    return Math.floor(bytes / kvOfRequest(setting, 1));
  }
  let low = 0;
  let high = 1;
  while (kvOfRequest(setting, high) <= bytes) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (kvOfRequest(setting, middle) <= bytes) low = middle;
    else high = middle;
  }
  return low;
}
