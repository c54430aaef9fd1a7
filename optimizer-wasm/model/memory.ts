/** What a worker holds in GPU memory, and what is left for the KV cache (`aic-engine.md` §8). @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { SystemSpec } from "../data/system_spec.ts";
import type { Layout } from "../estimate_case.ts";
import type { MemoryAnswer, WorkerKind } from "../estimator.ts";
import { sglangFraction } from "./memory_sglang.ts";
import type { ModelFamily, ModelSpec } from "./model_spec.ts";
import { KV_BYTES } from "./quant_mode.ts";

/** What the memory of a worker depends on beside its question. */
export interface MemoryContext {
  readonly model: ModelSpec;
  readonly layout: Layout;
  readonly system: SystemSpec;
  readonly backend: string;
  /** Version of the backend: vllm's default memory fraction follows it. */
  readonly version: string;
  readonly kv: string;
  /** Bytes of one GPU. */
  readonly weightBytes: number;
  /**
   * The same as the capacity of the KV cache counts them: in the precision of the checkpoint or the user, with experts
   * that span nodes as if they did not.
   */
  readonly capacityWeightBytes: number;
  readonly nextn: number;
}

/** The step whose memory is asked for. */
export interface MemoryQuestion {
  readonly kind: WorkerKind;
  readonly batchSize: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
  /** Prefill tokens of an agg worker's mixed step. */
  readonly contextTokens: number;
}

/** Tokens of a window layer of gpt-oss that the cache keeps. */
const SLIDING_WINDOW = 128;
/** Tokens that trtllm reserves activations for in aggregated serving. */
const TRTLLM_MAX_TOKENS = 8192;
/** Safety shares of the budgets. */
const TOLERANCE = 0.02;
const TRTLLM_FRACTION = 0.9;
const TRTLLM_RESERVED = 0.015;
const SGLANG_AGG_FRACTION = 0.88;

/** Activation coefficients at tp 1, 2, 4, 8. */
const COEFFICIENTS: Readonly<
  Record<"sglang" | "other", Readonly<Record<ModelFamily, readonly number[]>>>
> = {
  sglang: {
    GPT: [13, 8, 6.5, 6.5],
    LLAMA: [14, 8.5, 6.5, 6.5],
    MOE: [28, 17, 13, 13],
    DEEPSEEK: [28, 17, 13, 13],
    KIMIK25: [28, 17, 13, 13],
  },
  other: {
    GPT: [10, 6, 5, 5],
    LLAMA: [11, 6.5, 5, 5],
    MOE: [22, 13, 10, 10],
    DEEPSEEK: [22, 13, 10, 10],
    KIMIK25: [22, 13, 10, 10],
  },
};
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Index of a GPU count among 1, 2, 4, 8. */
function tier(tp: number): number {
  return tp >= 8 ? 3 : tp >= 4 ? 2 : tp >= 2 ? 1 : 0;
}

/** KV cache of one sequence of `length` tokens on one GPU, bytes. */
export function kvBytesOf(context: MemoryContext, length: number): number {
  const { model, layout } = context;
  if (model.mla !== undefined) {
    // The latent is one for all heads, so tensor parallelism does not divide it.
    const latent = model.mla.kvLoraRank + model.mla.ropeHeadSize;
    return length * model.layers * latent * (KV_BYTES[context.kv] ?? 2);
  }
  const perToken = Math.ceil(model.kvHeads / layout.tp) * model.headSize * 2 *
    (KV_BYTES[context.kv] ?? 2);
  if (!model.slidingHalf) return length * perToken * model.layers;
  const half = Math.floor(model.layers / 2);
  return perToken *
    (half * Math.min(length, SLIDING_WINDOW) + (model.layers - half) * length);
}

/** Activations of a step over `tokens`, bytes; `drafted` of them are multiplied by the drafted tokens. */
function activationBytes(
  context: MemoryContext,
  tokens: number,
  drafted: number,
): number {
  const { model, layout, backend } = context;
  const sglang = backend === "sglang";
  const list = COEFFICIENTS[sglang ? "sglang" : "other"][model.family];
  const coefficient = list[tier(layout.tp)] ?? 0;
  const bytes = 2 * tokens * model.heads * model.headSize * coefficient +
    routingBytes(context, tokens);
  // Drafted tokens multiply what is left after the floor.
  const growth = (tokens + drafted * context.nextn) / tokens;
  return growth *
    (sglang ? Math.max(bytes, 90 * MIB) * 1.15 : Math.max(bytes, 70 * MIB));
}

/** Routing buffers of the latent families. */
function routingBytes(context: MemoryContext, tokens: number): number {
  const { model, layout, backend } = context;
  if (model.mla === undefined) return 0;
  const width = backend === "sglang"
    ? model.hidden
    : model.heads * model.headSize;
  return tokens * width * layout.dp * model.experts * model.topk /
    layout.moeEp / 128 * 4;
}

/** Tokens of the step, and how many of them are decode tokens. */
function stepTokens(
  context: MemoryContext,
  question: MemoryQuestion,
): readonly { readonly tokens: number; readonly drafted: number }[] {
  const { kind, batchSize: b, isl, prefix, osl, contextTokens: c } = question;
  switch (kind) {
    case "static":
    case "static_ctx":
      return [{ tokens: (isl - prefix) * b, drafted: 0 }];
    case "static_gen":
      return [{ tokens: b, drafted: b }];
    case "agg": {
      if (context.backend === "trtllm") {
        return [{ tokens: TRTLLM_MAX_TOKENS, drafted: TRTLLM_MAX_TOKENS }];
      }
      if (b > 1) {
        const decode = b - Math.ceil(c / isl);
        return [{ tokens: decode + c, drafted: Math.max(decode, 0) }];
      }
      const alone = [{ tokens: c, drafted: 0 }];
      return osl > 1 ? [...alone, { tokens: 1, drafted: 1 }] : alone;
    }
  }
}

function kvLength(
  { kind, isl, osl }: Pick<MemoryQuestion, "kind" | "isl" | "osl">,
): number {
  return kind === "static_ctx" ? isl + 1 : isl + osl;
}

/** Share of the memory that the backend gives the engine or, on trtllm, the KV cache. */
function memoryFraction(context: MemoryContext, kind: WorkerKind): number {
  const { backend, version } = context;
  if (backend === "trtllm") return TRTLLM_FRACTION;
  if (backend === "vllm") return /^0\.(14|19)/.test(version) ? 0.9 : 0.92;
  return kind === "agg"
    ? SGLANG_AGG_FRACTION
    : sglangFraction(context.system.memoryCapacityBytes, context.layout);
}

/** What the backend leaves for the KV cache beside `fixed` bytes. */
function kvBudget(
  context: MemoryContext,
  fixed: number,
  options: { fraction: number; reserved: number; tolerance: number },
): number {
  const capacity = context.system.memoryCapacityBytes;
  const { fraction, reserved, tolerance } = options;
  return context.backend === "trtllm"
    ? (capacity - fixed) * fraction * (1 - reserved) * (1 - tolerance)
    : capacity * fraction * (1 - tolerance) - fixed;
}

function fixedBytes(context: MemoryContext) {
  const { system, layout, backend } = context;
  const nccl = system.ncclMemoryBytes[String(Math.min(layout.tp, 8))] ?? 0;
  const other = system.otherMemoryBytes * (backend === "sglang" ? 1.2 : 1);
  return { nccl, other };
}

/** Memory of a worker's step. */
export function memoryOf(
  context: MemoryContext,
  question: MemoryQuestion,
): MemoryAnswer {
  const { nccl, other } = fixedBytes(context);
  const activations = Math.max(
    ...stepTokens(context, question).map(({ tokens, drafted }) =>
      activationBytes(context, tokens, drafted)
    ),
  );
  const kv = question.batchSize * kvBytesOf(context, kvLength(question));
  const fixed = context.weightBytes + activations + nccl + other;
  const total = fixed + kv;
  const budget = kvBudget(context, fixed, {
    fraction: memoryFraction(context, question.kind),
    reserved: TRTLLM_RESERVED,
    tolerance: TOLERANCE,
  });
  return {
    weightsBytes: context.weightBytes,
    activationsBytes: activations,
    kvBytes: kv,
    ncclBytes: nccl,
    otherBytes: other,
    totalBytes: total,
    kvBudgetBytes: budget,
    fits: total < context.system.memoryCapacityBytes && kv <= budget,
  };
}

/**
 * Largest number of tokens whose KV cache fits beside steps of `maxBatchedTokens`.
 *
 * @throws {WattkeeperError} `out_of_memory` when nothing is left for the cache
 */
export function kvCapacityTokens(
  context: MemoryContext,
  maxBatchedTokens: number,
): number {
  const { nccl, other } = fixedBytes(context);
  const fixed = context.capacityWeightBytes + nccl + other +
    activationBytes(context, maxBatchedTokens, 0);
  const bytes = kvBudget(context, fixed, {
    fraction: memoryFraction(context, "agg"),
    reserved: 0,
    tolerance: 0,
  });
  if (!(bytes > 0)) {
    throw new WattkeeperError(
      "out_of_memory",
      `Weights and activations of "${context.model.name}" take ${
        (fixed / GIB).toFixed(1)
      } GiB of ${
        (context.system.memoryCapacityBytes / GIB).toFixed(1)
      } GiB and leave nothing for the KV cache.`,
      { remedy: "Spread the model over more GPUs: raise tp, pp or moe_ep." },
    );
  }
  if (!context.model.slidingHalf) {
    return Math.floor(bytes / kvBytesOf(context, 1));
  }
  let high = 1;
  while (kvBytesOf(context, high) <= bytes) high *= 2;
  let low = Math.floor(high / 2);
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    if (kvBytesOf(context, middle) <= bytes) low = middle;
    else high = middle;
  }
  return low;
}
