/** Latent-attention graphs: DEEPSEEK and KIMIK25 (`aic-engine.md` §6.7). Sizes are those of the DeepSeek geometry. @module */

import type { MlaSpec } from "../model/model_spec.ts";
import type { PhaseInput } from "./graph.ts";
import { routedExperts } from "./moe.ts";
import type { OpSpec } from "./op_spec.ts";
import { Parts } from "./parts.ts";

/** Ranks and widths of the projections, elements. */
const DOWNSCALE = 2112;
const Q_RANK = 1536;
const KV_RANK = 512;
const Q_HEAD = 192;
const KV_HEAD = 256;
const OUT_HEAD = 128;
/** Heads that the granular kernels were measured for. */
const KERNEL_HEADS = 128;
/** Expert load that the tables were measured under for these families. */
const DISTRIBUTION = "power_law_1.01";

/** Precision of the projection groups; a group that the checkpoint excludes computes in bfloat16. */
function projectionQuant({ quant }: PhaseInput, mla: MlaSpec) {
  const of = (excluded: boolean) => excluded ? "bfloat16" : quant.gemm;
  const { q, kv, o, sharedExperts } = mla.excluded;
  return {
    q: of(q),
    kv: of(kv),
    o: of(o),
    downscale: of(q && kv),
    shared: of(sharedExperts && !quant.gemmNamed),
  };
}

/** One phase of a latent-attention model. */
export function mlaBlock(input: PhaseInput): OpSpec[] {
  const { model, phase, backend } = input;
  const { mla } = model;
  if (mla === undefined) return [];
  const { hidden: h, layers } = model;
  const parts = new Parts(input);
  const quant = projectionQuant(input, mla);
  const shared = sharedExperts(input, quant.shared);
  const router = parts.gemm(
    "router_gemm",
    { n: model.experts, k: h },
    "bfloat16",
  );
  const routed = routedExperts(input, DISTRIBUTION);
  return [
    parts.embedding(model.vocab),
    parts.elementwise("add_norm_1", 2 * h, 2 * h),
    ...attention(input, mla, quant),
    ...parts.contextGather(),
    parts.elementwise("add_norm_2", 2 * h, 2 * h),
    ...(phase === "context" || input.largeExpertParallel
      ? input.largeExpertParallel
        ? [router, ...shared, ...routed]
        : [...shared, router, ...routed]
      : [overlap(input, [[router, ...routed], shared])]),
    parts.logits(),
    ...(backend === "vllm"
      ? [parts.allReduce("tp_allreduce", 2 * layers)]
      : []),
    { ...parts.p2p(), split: 1 },
  ];
}

function overlap(
  { phase }: PhaseInput,
  groups: readonly [readonly OpSpec[], readonly OpSpec[]],
): OpSpec {
  const weightBytes = groups.flat().reduce(
    (sum, op) => sum + op.weightBytes * op.scale,
    0,
  );
  return {
    kind: "overlap",
    name: `${phase}_moe_overlap`,
    scale: 1,
    split: 1,
    weightBytes,
    groups,
  };
}

/** Experts that every token passes; all-to-all layouts hold them undivided and share the tokens instead (§5.10). */
function sharedExperts(input: PhaseInput, quant: string): OpSpec[] {
  const { model, layout, phase, largeExpertParallel } = input;
  const parts = new Parts(input);
  const tp = largeExpertParallel ? 1 : layout.tp;
  const up = Math.floor(2 * model.moeInter / tp);
  const down = Math.floor(model.moeInter / tp);
  const names = largeExpertParallel
    ? ["gate_ffn1_gemm", "act_gate", "ffn2_gemm"] as const
    : [
      "shared_gate_up_gemm",
      "shared_act_gate",
      "shared_ffn2_gemm",
    ] as const;
  const ops = [
    parts.gemm(names[0], { n: up, k: model.hidden }, quant),
    parts.elementwise(names[1], up, down),
    parts.gemm(names[2], { n: model.hidden, k: down }, quant),
  ];
  // In context each tensor-parallel rank takes its part of the tokens, rounded down.
  return largeExpertParallel && phase === "context"
    ? ops.map((op) => ({ ...op, split: layout.tp, floorSplit: true }))
    : ops;
}

/** The measured module with its granular operators behind it, or those alone when the precisions differ. */
function attention(
  input: PhaseInput,
  mla: MlaSpec,
  quant: ReturnType<typeof projectionQuant>,
): OpSpec[] {
  const { model, layout, phase, quant: chosen } = input;
  const granular = granularAttention(input, mla, quant);
  if (quant.q !== quant.kv || quant.kv !== quant.o) return granular;
  const cp = phase === "context" ? layout.cp : 1;
  const primary: OpSpec = {
    kind: phase === "context" ? "context_mla" : "generation_mla",
    name: `${phase}_mla_module`,
    scale: model.layers / cp,
    split: 1,
    weightBytes: 0,
    heads: Math.floor(model.heads / layout.tp),
    kv: chosen.kv,
    fmha: chosen.fmha,
    contextParallel: 1,
    module: { nativeHeads: model.heads, gemm: quant.q },
  };
  const weightBytes = granular.reduce(
    (sum, op) => sum + op.weightBytes * op.scale,
    0,
  );
  return [{
    kind: "fallback",
    name: `${phase}_mla_block`,
    scale: 1,
    split: 1,
    weightBytes,
    primary,
    granular,
  }];
}

function granularAttention(
  input: PhaseInput,
  mla: MlaSpec,
  quant: ReturnType<typeof projectionQuant>,
): OpSpec[] {
  const { model, layout, phase, backend } = input;
  const { hidden: h, heads, layers } = model;
  const { tp } = layout;
  const parts = new Parts(input);
  const context = phase === "context";
  const width = (perHead: number) => Math.floor(heads * perHead / tp);
  return [
    parts.gemm("downscale_gemm", { n: DOWNSCALE, k: h }, quant.downscale),
    parts.gemm("q_b_proj_gemm", { n: width(Q_HEAD), k: Q_RANK }, quant.q),
    ...(context
      ? [
        parts.gemm(
          "kv_b_proj_gemm",
          { n: width(KV_HEAD), k: KV_RANK },
          quant.kv,
        ),
      ]
      : []),
    ...(backend === "vllm" && !input.latentKernels
      ? [parts.attention({
        scale: context ? layers / layout.cp : layers,
        window: 0,
        headSize: mla.valueHeadSize,
        qkNorm: false,
        kvHeads: Math.floor(model.kvHeads / tp),
        contextParallel: 1,
      })]
      : latentKernels(input, quant)),
    parts.gemm("proj_gemm", { n: h, k: width(OUT_HEAD) }, quant.o),
  ];
}

function latentKernels(
  input: PhaseInput,
  quant: ReturnType<typeof projectionQuant>,
): OpSpec[] {
  const { model, layout, phase, quant: chosen } = input;
  const base = { scale: model.layers, split: 1, weightBytes: 0 };
  const kernel: OpSpec = {
    ...base,
    kind: phase === "context" ? "context_mla" : "generation_mla",
    name: `${phase}_attention`,
    heads: Math.floor(KERNEL_HEADS / layout.tp),
    kv: chosen.kv,
    fmha: chosen.fmha,
    contextParallel: phase === "context" ? layout.cp : 1,
  };
  if (phase === "context") return [kernel];
  const bmmQuant = quant.kv === "bfloat16" || chosen.gemm === "bfloat16"
    ? "bfloat16"
    : "fp8";
  const bmm = (step: "pre" | "post"): OpSpec => ({
    ...base,
    kind: "mla_bmm",
    name: `${phase}_bmm_${step}`,
    step,
    heads: Math.floor(model.heads / layout.tp),
    quant: bmmQuant,
  });
  return [bmm("pre"), kernel, bmm("post")];
}
