/** Mixture-of-experts graphs (`aic-engine.md` §6.5) and their expert dispatch (§5.10). @module */

import { quantMode } from "../model/quant_mode.ts";
import type { PhaseInput } from "./graph.ts";
import type { OpSpec } from "./op_spec.ts";
import { Parts, qkvWidth } from "./parts.ts";

/** Tokens of the window layers of gpt-oss. */
const SLIDING_WINDOW = 128;
/** Expert load that the tables were measured under for this family. */
const DISTRIBUTION = "power_law_1.2";

/** Dispatch, experts, combine: by all-to-all kernels or by the backend's ordinary collectives. */
export function routedExperts(
  input: PhaseInput,
  distribution: string,
): OpSpec[] {
  return input.largeExpertParallel
    ? [
      allToAll(input, "dispatch"),
      experts(input, distribution),
      allToAll(input, "combine"),
    ]
    : [
      ...dispatch(input, "pre"),
      experts(input, distribution),
      ...dispatch(input, "post"),
    ];
}

/** One phase of a mixture-of-experts model. */
export function moeBlock(input: PhaseInput): OpSpec[] {
  const { model, layout, quant, phase } = input;
  const { hidden: h, layers, headSize, qkNorm } = model;
  const parts = new Parts(input);
  const attention = (scale: number, window: number) =>
    parts.attention({ scale, window, headSize, qkNorm });
  const projection = Math.floor(model.heads * headSize / layout.tp);
  const half = layers / 2;
  return [
    ...(model.slidingHalf ? [attention(half, SLIDING_WINDOW)] : []),
    parts.embedding(Math.floor(model.vocab / layout.tp)),
    parts.elementwise("add_norm_1", 2 * h, 2 * h),
    parts.gemm("qkv_gemm", { n: qkvWidth(input), k: h }, quant.gemm),
    attention(model.slidingHalf ? half : layers, 0),
    ...parts.contextGather(),
    parts.gemm("proj_gemm", { n: h, k: projection }, quant.gemm, {
      lowPrecisionInput: true,
    }),
    parts.elementwise("add_norm_2", 2 * h, 2 * h),
    parts.gemm("router_gemm", { n: model.experts, k: h }, "bfloat16"),
    ...routedExperts(input, DISTRIBUTION),
    ...(phase === "generation" ? [parts.logits()] : []),
    parts.allReduce("embedding_ar", 1),
    parts.p2p(),
  ];
}

/** Routed experts of one GPU; gated, so three matrices each (§5.9). */
function experts(input: PhaseInput, distribution: string): OpSpec {
  const { model, layout, quant, phase } = input;
  const bytes = Math.floor(
    Math.floor(
      model.hidden * model.moeInter * model.experts *
        quantMode(quant.moe).bytes * 3 / layout.moeEp,
    ) / layout.moeTp,
  );
  return {
    kind: "moe",
    name: `${phase}_moe`,
    scale: model.layers,
    split: 1,
    weightBytes: bytes,
    hidden: model.hidden,
    inter: model.moeInter,
    topk: model.topk,
    experts: model.experts,
    moeTp: layout.moeTp,
    moeEp: layout.moeEp,
    quant: quant.moe,
    distribution,
    attentionDp: layout.dp,
  };
}

function allToAll(input: PhaseInput, step: "dispatch" | "combine"): OpSpec {
  const { model, layout, phase, gpusPerNode } = input;
  return {
    kind: "all_to_all",
    name: `${phase}_moe_${step}`,
    scale: model.layers,
    split: phase === "context" ? layout.tp : 1,
    floorSplit: true,
    isDispatch: true,
    weightBytes: 0,
    phase: step,
    kernel: phase === "context" ? "deepep_ht" : "deepep_ll",
    sms: phase === "context" ? 20 : 0,
    hidden: model.hidden,
    topk: model.topk,
    experts: model.experts,
    moeEp: layout.moeEp,
    nodes: Math.ceil(layout.moeEp / gpusPerNode),
  };
}

/** Share of the bytes that trtllm sends on Blackwell when experts are quantised. */
function payloadFactor(quant: string): number {
  if (quant === "nvfp4") return 0.25 + 0.03125;
  return quant === "fp8" || quant === "fp8_block" ? 0.5 : 1;
}

/** Traffic before or after the experts; several collectives share one name, none at all is an operator of 0. */
function dispatch(input: PhaseInput, step: "pre" | "post"): OpSpec[] {
  const { model, layout, backend, phase, smVersion } = input;
  const { dp, cp } = layout;
  const gpus = layout.moeTp * layout.moeEp;
  const attentionGpus = Math.max(Math.floor(gpus / dp), 1);
  const base = {
    name: `${phase}_moe_${step}_dispatch`,
    scale: model.layers,
    split: 1,
    weightBytes: 0,
    isDispatch: true,
  };
  const reduce = (over: number): OpSpec => ({
    ...base,
    kind: "all_reduce",
    gpus: over,
    width: model.hidden,
  });
  const collective = (
    operation: "all_gather" | "reduce_scatter",
    over: number,
    tokenMultiple: number,
    factor = 1,
  ): OpSpec => ({
    ...base,
    kind: "nccl",
    operation,
    gpus: over,
    width: model.hidden * factor,
    tokenMultiple,
  });
  const exchange = (over: number, multiple: number) =>
    collective(
      step === "pre" ? "all_gather" : "reduce_scatter",
      over,
      multiple,
    );
  const none: OpSpec = { ...base, kind: "memory", bytesPerToken: 0, scale: 0 };

  const group = attentionGpus > 1 ? [reduce(gpus)] : [];
  const ranks = dp > 1 ? [exchange(gpus, dp)] : [];
  const first = (...choices: OpSpec[][]) =>
    choices.find((choice) => choice.length > 0) ?? [none];

  switch (backend) {
    case "vllm":
      return group.length + ranks.length > 0 ? [...group, ...ranks] : [none];
    case "sglang":
      if (attentionGpus > 1 && dp > 1) {
        return step === "pre"
          ? [
            collective("reduce_scatter", attentionGpus, 1),
            collective("all_gather", gpus, dp),
          ]
          : [
            collective("reduce_scatter", gpus, dp),
            collective("all_gather", attentionGpus, 1),
          ];
      }
      if (cp > 1 && phase === "context") return [exchange(gpus, 1)];
      // In decode the latent families reduce once, after the experts; MOE does as without context parallelism (§6.6).
      if (cp > 1 && model.family !== "MOE") {
        return step === "pre" ? [none] : [reduce(gpus)];
      }
      return first(group, ranks);
    default:
      if (smVersion === 100 && dp > 1) {
        return [
          step === "pre"
            ? collective("all_gather", gpus, dp, payloadFactor(input.quant.moe))
            : collective("reduce_scatter", gpus, dp),
        ];
      }
      return smVersion === 100 ? first(group) : first(group, ranks);
  }
}
