/** Model graphs: the operators of one layout, in the order of the breakdowns (`aic-engine.md` §6.3–§6.6). @module */

import type { Layout } from "../../optimizer-wasm/estimate_case.ts";
import { contextAttention, generationAttention } from "./attention.ts";
import type { Bench } from "./bench.ts";
import { customAllReduce, nccl } from "./collectives.ts";
import { dispatch } from "./dispatch.ts";
import { experts } from "./experts.ts";
import { gemm } from "./gemm.ts";
import type { Value } from "./interpolate.ts";
import { memoryOp, pipelineHop } from "./memory_op.ts";
import { hasWindowLayers, type Model } from "./model.ts";
import type { Quant } from "./quant_choice.ts";
import { kvBytes, modeOf } from "./quant_modes.ts";

/** What a pass hands to every operator (§5). */
export interface Pass {
  readonly b: number;
  readonly s: number;
  readonly prefix: number;
  readonly x: number;
}

/** One operator of a graph. */
export interface Operator {
  readonly name: string;
  readonly scale: number;
  /** Bytes of weights on one GPU, of one instance. */
  readonly weights: number;
  run(bench: Bench, pass: Pass): Value;
}

/** What a graph is made for. */
export interface GraphSetting {
  readonly model: Model;
  readonly layout: Layout;
  readonly quant: Quant;
  readonly nextn: number;
}

type Phase = "context" | "generation";
const floorDiv = (a: number, b: number) => Math.floor(a / b);
const latency = (ms: number): Value => ({ ms, wms: 0 });

/** Operators of one phase. */
export function buildPhase(setting: GraphSetting, phase: Phase): Operator[] {
  const { model, layout, quant, nextn } = setting;
  const { tp, pp, dp, moeTp, moeEp } = layout;
  const { layers, hidden: h, heads: n, headDim: d, inter: I, vocabulary: V } =
    model;
  const isContext = phase === "context";
  const isGpt = model.family === "GPT";
  const cp = isContext ? layout.cp : 1;
  const mtp = isContext ? 1 : (layers + nextn) / layers;
  const g = Math.ceil(model.kvHeads / tp);
  const L = layers * mtp;
  const tokens = (x: number) => Math.ceil(x / cp);

  const operator = (
    name: string,
    scale: number,
    run: Operator["run"],
    weights = 0,
  ): Operator => ({
    name: `${phase}_${name}`,
    scale,
    weights,
    run,
  });
  const matrix = (
    name: string,
    scale: number,
    N: number,
    K: number,
    options: { mode?: string; low?: boolean } = {},
  ) => {
    const { mode = quant.gemm, low = false } = options;
    const run = (bench: Bench, { x }: Pass) =>
      gemm(bench, {
        m: tokens(x),
        n: N,
        k: K,
        quant: mode,
        lowPrecisionInput: low,
      });
    return operator(name, scale, run, N * K * modeOf(mode).mem);
  };
  const elementwise = (name: string, din: number, dout: number) =>
    operator(
      name,
      L,
      (bench, { x }) => latency(memoryOp(bench, 2 * (din + dout) * tokens(x))),
    );
  const embedding = (rows: number) =>
    operator(
      "embedding",
      mtp,
      (bench, { x }) => latency(memoryOp(bench, 2 * h * tokens(x))),
      2 * rows * h,
    );
  const reduce = (name: string, scale: number) =>
    operator(
      name,
      scale,
      (bench, { x }) => customAllReduce(bench, tp, tokens(x) * h),
    );
  const hop = operator(
    "p2p",
    (pp - 1) * mtp,
    (bench, { x }) => latency(pipelineHop(bench, h, pp, tokens(x))),
  );
  const attention = (scale: number, window: number) => {
    const headDim = isGpt ? 128 : d;
    const shape = {
      heads: floorDiv(n, tp),
      kvHeads: g,
      headDim,
      window,
      kv: quant.kv,
    };
    const op = { ...shape, fmha: quant.fmha, qkNorm: !isGpt && model.qkNorm };
    return operator(
      "attention",
      scale,
      (bench, pass) =>
        isContext
          ? contextAttention(bench, op, { ...pass, cp })
          : generationAttention(bench, shape, pass),
    );
  };
  const cpGather = () => {
    const perToken = 2 * g * d * kvBytes(quant.kv) / 2; // §6.6: KV bytes of one token and layer, in halves
    return operator(
      "cp_all_gather",
      L,
      (bench, { x }) => nccl(bench, "all_gather", layout.cp, x * perToken),
    );
  };

  const qkv = matrix("qkv_gemm", L, floorDiv(n * d, tp) + 2 * d * g, h);
  const proj = matrix("proj_gemm", L, h, floorDiv(n * d, tp), { low: true });
  const logits = matrix("logits_gemm", mtp, floorDiv(V, tp), h, {
    mode: "bfloat16",
  });
  const half = hasWindowLayers(model);
  const head = [
    ...(half ? [attention(L / 2, 128)] : []),
    embedding(isGpt ? V : floorDiv(V, tp)),
    elementwise("add_norm_1", 2 * h, 2 * h),
    qkv,
    attention(half ? L / 2 : L, 0),
    ...(cp > 1 ? [cpGather()] : []),
    proj,
    elementwise("add_norm_2", 2 * h, 2 * h),
  ];
  if (model.family !== "MOE") {
    const shard = floorDiv(I, tp);
    const ffn = isGpt
      ? [matrix("ffn1_gemm", L, shard, h), elementwise("act", shard, shard)]
      : [
        matrix("gate_ffn1_gemm", L, floorDiv(2 * I, tp), h),
        elementwise("act_gate", floorDiv(2 * I, tp), shard),
      ];
    return [
      ...head,
      ...ffn,
      matrix("ffn2_gemm", L, h, shard, { low: true }),
      logits,
      ...(isGpt ? [] : [reduce("embedding_ar", mtp)]),
      reduce("ar_1", L),
      reduce("ar_2", L),
      hop,
    ];
  }
  const shape = {
    topk: model.topk,
    experts: model.experts,
    hidden: h,
    inter: model.expertInter,
    ...{
      tp: moeTp,
      ep: moeEp,
      matrices: 3,
      quant: quant.moe,
      distribution: "power_law_1.2",
    },
  };
  const expertWeights = floorDiv(
    Math.floor(
      h * model.expertInter * model.experts * modeOf(quant.moe).mem * 3 / moeEp,
    ),
    moeTp,
  );
  const say = (stage: "pre" | "post") =>
    operator(
      `moe_${stage}_dispatch`,
      L,
      (bench, { x }) =>
        latency(
          dispatch(bench, {
            stage,
            phase,
            h,
            moeTp,
            moeEp,
            dp,
            cp,
            quant: quant.moe,
          }, x),
        ),
    );
  return [
    ...head,
    matrix("router_gemm", L, model.experts, h, { mode: "bfloat16" }),
    say("pre"),
    operator(
      "moe",
      L,
      (bench, { x }) => experts(bench, shape, x * dp),
      expertWeights,
    ),
    say("post"),
    ...(isContext ? [] : [logits]),
    reduce("embedding_ar", mtp),
    hop,
  ];
}
