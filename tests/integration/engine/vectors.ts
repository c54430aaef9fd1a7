/** Single operators with the values that the peer gives them (`aic-engine.md` Appendix A). @module */

import type { DatabaseMode } from "../../../optimizer-wasm/mod.ts";
import type { OpSpec } from "../../../optimizer-wasm/graph/op_spec.ts";

/** One row of the appendix. */
export interface Vector {
  /** system/backend/version. */
  readonly identity: string;
  /** SILICON unless said. */
  readonly mode?: DatabaseMode;
  readonly op: OpSpec;
  readonly batch: number;
  /** Full input length of a context operator, KV length of a generation one, tokens of any other. */
  readonly length: number;
  readonly prefix?: number;
  /** The row is the table alone: the work around attention (§5.3) is left out. */
  readonly tableOnly?: boolean;
  /** Absent: the tables have no answer. */
  readonly ms?: number;
  readonly wms?: number;
}

const B200 = "b200_sxm/vllm/0.19.0";
const SGLANG = "b200_sxm/sglang/0.5.10";
const TRTLLM = "b200_sxm/trtllm/1.3.0rc10";
const POWER = "h200_sxm/vllm/0.22.0";
const LANES = "b200_sxm/vllm/0.22.0";

const base = { name: "vector", scale: 1, split: 1, weightBytes: 0 } as const;

function gemm(
  identity: string,
  [quant, m, n, k]: readonly [string, number, number, number],
  [ms, wms]: readonly [ms?: number, wms?: number],
  more: { readonly mode?: DatabaseMode; readonly low?: boolean } = {},
): Vector {
  const { mode, low: lowPrecisionInput = false } = more;
  const op: OpSpec = { ...base, kind: "gemm", quant, n, k, lowPrecisionInput };
  return {
    ...{ identity, op, batch: 1, length: m },
    ...(mode === undefined ? {} : { mode }),
    ...(ms === undefined ? {} : { ms }),
    ...(wms === undefined ? {} : { wms }),
  };
}

interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize?: number;
  readonly kv?: string;
  readonly window?: number;
  readonly qkNorm?: boolean;
}

function attention(
  kind: "context_attention" | "generation_attention",
  { heads, kvHeads, headSize = 128, kv = "bfloat16", window = 0, qkNorm }:
    Heads,
): OpSpec {
  const shape = {
    ...base,
    ...{ heads, kvHeads, headSize, window, kv, contextParallel: 1 },
  };
  return kind === "generation_attention"
    ? { ...shape, kind }
    : { ...shape, kind, fmha: "bfloat16", qkNorm: qkNorm ?? false };
}

const context = (heads: Heads) => attention("context_attention", heads);
const generation = (heads: Heads) => attention("generation_attention", heads);
const ONE_KV = { heads: 8, kvHeads: 1 };

function contextTable(
  [heads, isl, batch]: readonly [number, number, number],
  ms: number,
): Vector {
  return {
    ...{ identity: B200, tableOnly: true, batch, length: isl, ms },
    op: context({ heads, kvHeads: 1 }),
  };
}

function moe(
  quant: string,
  [topk, experts, hidden, inter, moeTp, moeEp]: readonly number[],
  distribution = "power_law_1.2",
): OpSpec {
  return {
    ...base,
    ...{ kind: "moe", quant, distribution, attentionDp: 1 },
    ...{ topk: topk ?? 0, experts: experts ?? 0 },
    ...{ hidden: hidden ?? 0, inter: inter ?? 0 },
    ...{ moeTp: moeTp ?? 1, moeEp: moeEp ?? 1 },
  };
}
const QWEN_235B_EP8 = moe("bfloat16", [8, 128, 4096, 1536, 1, 8]);

function mla(
  kind: "context_mla" | "generation_mla",
  heads: number,
  module?: { readonly nativeHeads: number; readonly gemm: string },
): OpSpec {
  const modes = { kv: "bfloat16", fmha: "bfloat16", contextParallel: 1 };
  return { ...base, kind, heads, ...modes, ...(module ? { module } : {}) };
}
const MODULE = { nativeHeads: 128, gemm: "fp8_block" };

function bmm(step: "pre" | "post", heads: number): OpSpec {
  return { ...base, kind: "mla_bmm", step, heads, quant: "bfloat16" };
}

function reduced(gpus: number, tokens: number, ms: number): Vector {
  const op: OpSpec = { ...base, kind: "all_reduce", gpus, width: 5120 };
  return { identity: B200, op, batch: 1, length: tokens, ms };
}

function collected(
  operation: "all_gather" | "reduce_scatter",
  gpus: number,
  ms: number,
): Vector {
  const op: OpSpec = {
    ...{ ...base, kind: "nccl", operation, gpus, width: 4000 },
    tokenMultiple: 1,
  };
  return { identity: B200, op, batch: 1, length: 1000, ms };
}

/** The rows. */
export const VECTORS: readonly Vector[] = [
  gemm(B200, ["bfloat16", 1024, 4096, 4096], [0.0239733325, 0]),
  gemm(B200, ["bfloat16", 1000, 4096, 4096], [0.02366036, 0]),
  gemm(B200, ["bfloat16", 100000, 4096, 4096], [2.3533692, 0]),
  gemm(B200, ["bfloat16", 1024, 5000, 3000], [0.0217853162, 0]),
  gemm(B200, ["bfloat16", 777, 18992, 4096], [0.0798047642, 0]),
  gemm(B200, ["bfloat16", 16, 1000000, 4096], [1.20072401, 0]),
  gemm(B200, ["bfloat16", 16, 8, 8], []),
  gemm(POWER, ["fp8_block", 1000, 4096, 5000], [0.0742307779, 13.1207518]),
  contextTable([8, 1024, 1], 0.0211946666),
  contextTable([8, 3000, 1], 0.0467514561),
  contextTable([7, 3000, 3], 0.0710507729),
  contextTable([8, 9000, 100], 12.8799824),
  contextTable([8, 9000, 16], 1.80801281),
  contextTable([8, 200000, 1], 70.8894562),
  {
    ...{ identity: POWER, tableOnly: true, batch: 2, length: 5000 },
    op: context({ heads: 64, kvHeads: 8, kv: "fp8" }),
    ...{ ms: 1.44546041, wms: 786.171413 },
  },
  {
    ...{ identity: B200, op: generation(ONE_KV), batch: 4, length: 1025 },
    ms: 0.00894725193,
  },
  {
    ...{ identity: B200, batch: 1, length: 1024, prefix: 256, ms: 0.05947256 },
    op: context({ ...ONE_KV, qkNorm: true }),
  },
  ...([[1000, 0.286316206], [200000, 31.3318754]] as const).map(
    ([length, ms]) => ({
      ...{ identity: B200, op: QWEN_235B_EP8, batch: 1, length, ms },
    }),
  ),
  reduced(8, 1024, 0.0447392797),
  reduced(4, 1, 0.00743336007),
  reduced(16, 1024, 0.431414483),
  collected("all_gather", 8, 0.0424406128),
  collected("reduce_scatter", 16, 0.405013925),
  {
    identity: B200,
    op: { ...base, kind: "memory", bytesPerToken: 40960 },
    ...{ batch: 1, length: 1024, ms: 0.00980893506 },
  },
  {
    ...{ identity: B200, op: mla("context_mla", 16, MODULE) },
    ...{ batch: 1, length: 1024, ms: 0.2169 },
  },
  {
    ...{ identity: B200, op: mla("generation_mla", 16, MODULE) },
    ...{ batch: 4, length: 1500, ms: 0.1053 },
  },
  {
    ...{ identity: SGLANG, op: mla("context_mla", 16) },
    ...{ batch: 1, length: 1024, prefix: 124, ms: 0.0345655983 },
  },
  {
    ...{ identity: SGLANG, op: mla("generation_mla", 16) },
    ...{ batch: 4, length: 1500, ms: 0.0146142624 },
  },
  {
    ...{ identity: SGLANG, op: bmm("pre", 8) },
    ...{ batch: 4, length: 100, ms: 0.0044160001 },
  },
  {
    ...{ identity: SGLANG, op: bmm("post", 12) },
    ...{ batch: 5, length: 100, ms: 0.00371939989 },
  },
  gemm(TRTLLM, ["fp8_static", 1024, 10240, 5120], [0.0476664876]),
  gemm(TRTLLM, ["fp8_static", 1024, 10240, 5120], [0.0413475543], {
    low: true,
  }),
  {
    ...{ identity: LANES, batch: 5, length: 4000, ms: 0.00887186999813918 },
    op: generation({ heads: 64, kvHeads: 2, headSize: 64 }),
  },
  {
    ...{ identity: LANES, tableOnly: true, batch: 5, length: 20000 },
    op: context({ heads: 16, kvHeads: 4, headSize: 256, kv: "fp8" }),
    ms: 7.056692375953232,
  },
  {
    ...{ identity: TRTLLM, mode: "EMPIRICAL", batch: 100, length: 777 },
    op: generation({
      ...{ heads: 12, kvHeads: 4, headSize: 192, window: 128, kv: "fp8" },
    }),
    ms: 0.024437802496547173,
  },
  {
    ...{ identity: TRTLLM, mode: "EMPIRICAL", batch: 3, length: 777 },
    op: context({
      ...{ heads: 12, kvHeads: 4, headSize: 192, window: 128, kv: "fp8" },
    }),
    ...{ tableOnly: true, ms: 0.03479279596113264 },
  },
  {
    ...{ identity: TRTLLM, mode: "EMPIRICAL", batch: 1, length: 1 },
    op: moe("nvfp4", [8, 128, 4096, 1536, 1, 4], "balanced"),
    ms: 0.023269332945346832,
  },
  gemm(TRTLLM, ["int4_wo", 1000, 5000, 3000], [0.034601586818961944], {
    mode: "HYBRID",
  }),
  {
    ...{ identity: TRTLLM, mode: "HYBRID", batch: 1, length: 500 },
    op: moe("bfloat16", [6, 160, 5120, 1536, 1, 4]),
    ms: 0.3687096211802785,
  },
  gemm(B200, ["bfloat16", 1000, 10240, 5120], [0.0799157343], {
    mode: "EMPIRICAL",
  }),
  {
    ...{ identity: B200, mode: "EMPIRICAL", batch: 4, length: 1025 },
    ...{ op: generation(ONE_KV), ms: 0.00894536674 },
  },
];
