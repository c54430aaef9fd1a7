/** Graphs of the families LLAMA, GPT and MOE, in the order of the breakdowns (`aic-engine.md` §6.3–§6.5). @module */

import { contextAttention, generationAttention } from "./attention.ts";
import { hasWindowLayers, isLatent } from "./model.ts";
import {
  floorDiv,
  type GraphSetting,
  type Operator,
  OperatorKit,
  type Phase,
} from "./operator.ts";
import { buildLatentPhase } from "./latent_graph.ts";
import { kvBytes } from "./quant_modes.ts";

/** Operators of one phase. */
export function buildPhase(setting: GraphSetting, phase: Phase): Operator[] {
  const { model, layout, quant } = setting;
  if (isLatent(model)) return buildLatentPhase(setting, phase);
  const kit = new OperatorKit(setting, phase);
  const { tp } = layout;
  const { hidden: h, heads: n, headDim: d, inter: I, vocabulary: V } = model;
  const isContext = phase === "context";
  const isGpt = model.family === "GPT";
  const L = kit.layers;
  const g = Math.ceil(model.kvHeads / tp);

  const attention = (scale: number, window: number) => {
    const shape = {
      heads: floorDiv(n, tp),
      kvHeads: g,
      headDim: isGpt ? 128 : d,
      window,
      kv: quant.kv,
    };
    const op = { ...shape, fmha: quant.fmha, qkNorm: !isGpt && model.qkNorm };
    return kit.operator(
      "attention",
      scale,
      (bench, pass) =>
        isContext
          ? contextAttention(bench, op, { ...pass, cp: kit.cp })
          : generationAttention(bench, shape, pass),
    );
  };
  const isHalfWindowed = hasWindowLayers(model);
  const head = [
    ...(isHalfWindowed ? [attention(L / 2, 128)] : []),
    kit.embedding(isGpt ? V : floorDiv(V, tp)),
    kit.elementwise("add_norm_1", 2 * h, 2 * h),
    kit.matrix("qkv_gemm", [floorDiv(n * d, tp) + 2 * d * g, h]),
    attention(isHalfWindowed ? L / 2 : L, 0),
    ...kit.cpGather(2 * g * d * kvBytes(quant.kv) / 2),
    kit.matrix("proj_gemm", [h, floorDiv(n * d, tp)], { low: true }),
    kit.elementwise("add_norm_2", 2 * h, 2 * h),
  ];
  const logits = kit.matrix("logits_gemm", [floorDiv(V, tp), h], {
    mode: "bfloat16",
    scale: kit.drafts,
  });
  if (model.family === "MOE") {
    return [
      ...head,
      kit.matrix("router_gemm", [model.experts, h], { mode: "bfloat16" }),
      ...kit.expertLayer("power_law_1.2", kit.cp),
      ...(isContext ? [] : [logits]),
      kit.allReduce("embedding_ar", kit.drafts),
      kit.hop(true),
    ];
  }
  const shard = floorDiv(I, tp);
  const gated = floorDiv(2 * I, tp);
  return [
    ...head,
    ...(isGpt
      ? [
        kit.matrix("ffn1_gemm", [shard, h]),
        kit.elementwise("act", shard, shard),
      ]
      : [
        kit.matrix("gate_ffn1_gemm", [gated, h]),
        kit.elementwise("act_gate", gated, shard),
      ]),
    kit.matrix("ffn2_gemm", [h, shard], { low: true }),
    logits,
    ...(isGpt ? [] : [kit.allReduce("embedding_ar", kit.drafts)]),
    kit.allReduce("ar_1", L),
    kit.allReduce("ar_2", L),
    kit.hop(true),
  ];
}
