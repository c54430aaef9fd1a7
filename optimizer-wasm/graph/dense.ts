/** Dense graphs: LLAMA and GPT (`aic-engine.md` §6.3, §6.4). @module */

import type { PhaseInput } from "./graph.ts";
import type { OpSpec } from "./op_spec.ts";
import { Parts, qkvWidth } from "./parts.ts";

/** GPT's attention kernels are always asked at this head size. */
const GPT_HEAD_SIZE = 128;

/** One phase of a dense model. */
export function denseBlock(input: PhaseInput): OpSpec[] {
  const { model, layout, quant } = input;
  const { hidden: h, inter, layers } = model;
  const gpt = model.family === "GPT";
  const parts = new Parts(input);
  const projection = Math.floor(model.heads * model.headSize / layout.tp);
  const up = Math.floor((gpt ? inter : 2 * inter) / layout.tp);
  const down = Math.floor(inter / layout.tp);
  const low = { lowPrecisionInput: true };
  return [
    parts.embedding(gpt ? model.vocab : Math.floor(model.vocab / layout.tp)),
    parts.elementwise("add_norm_1", 2 * h, 2 * h),
    parts.gemm("qkv_gemm", { n: qkvWidth(input), k: h }, quant.gemm),
    parts.attention({
      scale: layers,
      window: 0,
      headSize: gpt ? GPT_HEAD_SIZE : model.headSize,
      qkNorm: gpt ? false : model.qkNorm,
    }),
    ...parts.contextGather(),
    parts.gemm("proj_gemm", { n: h, k: projection }, quant.gemm, low),
    parts.elementwise("add_norm_2", 2 * h, 2 * h),
    parts.gemm(
      gpt ? "ffn1_gemm" : "gate_ffn1_gemm",
      { n: up, k: h },
      quant.gemm,
    ),
    parts.elementwise(gpt ? "act" : "act_gate", up, down),
    parts.gemm("ffn2_gemm", { n: h, k: down }, quant.gemm, low),
    parts.logits(),
    ...(gpt ? [] : [parts.allReduce("embedding_ar", 1)]),
    parts.allReduce("ar_1", layers),
    parts.allReduce("ar_2", layers),
    parts.p2p(),
  ];
}
