/** Graphs of the families DEEPSEEK and KIMIK25 (`aic-engine.md` §6.7). @module */

import { contextAttention, generationAttention } from "./attention.ts";
import type { Bench } from "./bench.ts";
import type { Value } from "./interpolate.ts";
import {
  contextMla,
  contextModule,
  generationMla,
  generationModule,
  mlaBmm,
} from "./mla.ts";
import {
  floorDiv,
  type GraphSetting,
  type Operator,
  OperatorKit,
  type Pass,
  type Phase,
} from "./operator.ts";
import { excludedProjections } from "./quant_exclusions.ts";
import { kvBytes } from "./quant_modes.ts";
import { Refusal } from "./refusal.ts";

/** Operators of one phase. */
export function buildLatentPhase(
  setting: GraphSetting,
  phase: Phase,
): Operator[] {
  const { model, layout, quant } = setting;
  const { tp } = layout;
  const { hidden: h, vocabulary: V, expertInter: Im } = model;
  const kit = new OperatorKit(setting, phase);
  const isContext = phase === "context";
  const shared = excludedProjections(model).shared && !quant.isGemmExplicit
    ? "bfloat16"
    : quant.gemm;
  const { allToAll } = setting;
  const part = allToAll ? 1 : tp;
  const names = allToAll
    ? ["gate_ffn1_gemm", "act_gate", "ffn2_gemm"] as const
    : [
      "shared_gate_up_gemm",
      "shared_act_gate",
      "shared_ffn2_gemm",
    ] as const;
  const sharedExperts = [
    kit.matrix(names[0], [floorDiv(2 * Im, part), h], { mode: shared }),
    kit.elementwise(names[1], floorDiv(2 * Im, part), floorDiv(Im, part)),
    kit.matrix(names[2], [h, floorDiv(Im, part)], { mode: shared }),
  ].map((operator) => allToAll ? kit.shared(operator) : operator);
  const router = kit.matrix("router_gemm", [model.experts, h], {
    mode: "bfloat16",
  });
  const routed = kit.expertLayer("power_law_1.01", layout.cp);
  return [
    kit.embedding(V),
    kit.elementwise("add_norm_1", 2 * h, 2 * h),
    ...latentAttention(setting, phase, kit),
    ...kit.cpGather(
      (model.kvLoraRank + model.ropeHeadDim) * kvBytes(quant.kv) / 2,
    ),
    kit.elementwise("add_norm_2", 2 * h, 2 * h),
    ...(allToAll
      ? [router, ...sharedExperts, ...routed]
      : isContext
      ? [...sharedExperts, router, ...routed]
      : [overlap(kit, [router, ...routed], sharedExperts)]),
    kit.matrix("logits_gemm", [floorDiv(V, tp), h], {
      mode: "bfloat16",
      scale: kit.drafts,
    }),
    ...(setting.backend === "vllm"
      ? [kit.allReduce("tp_allreduce", 2 * kit.layers)]
      : []),
    kit.hop(false),
  ];
}

/** Sum of a list, scales included. */
function sumOf(
  bench: Bench,
  operators: readonly Operator[],
  pass: Pass,
): Value {
  let [ms, wms] = [0, 0];
  for (const operator of operators) {
    const value = operator.run(bench, pass);
    ms += Math.max(0, value.ms) * operator.scale;
    wms += Math.max(0, value.wms) * operator.scale;
  }
  return { ms, wms };
}

const weightsOf = (operators: readonly Operator[]) =>
  operators.reduce((sum, it) => sum + it.weights * it.scale, 0);

/** §5.11: two lists side by side. */
function overlap(
  kit: OperatorKit,
  a: readonly Operator[],
  b: readonly Operator[],
): Operator {
  const run = (bench: Bench, pass: Pass) => {
    const [first, second] = [sumOf(bench, a, pass), sumOf(bench, b, pass)];
    return { ms: Math.max(first.ms, second.ms), wms: first.wms + second.wms };
  };
  return kit.operator("moe_overlap", 1, run, weightsOf([...a, ...b]));
}

function latentAttention(
  setting: GraphSetting,
  phase: Phase,
  kit: OperatorKit,
): Operator[] {
  const { model, layout, quant } = setting;
  const { tp } = layout;
  const isContext = phase === "context";
  const excluded = excludedProjections(model);
  const modeOf = (group: "q" | "kv" | "o") =>
    excluded[group] ? "bfloat16" : quant.gemm;
  const granular = granularAttention(setting, phase, kit);
  const common = modeOf("q");
  if (common !== modeOf("kv") || common !== modeOf("o")) return granular;
  const modes = { fmha: quant.fmha, kv: quant.kv, gemm: common };
  const heads = { heads: floorDiv(model.heads, tp), native: model.heads };
  const scale = isContext ? kit.layers / kit.cp : kit.layers;
  const module = (bench: Bench, pass: Pass) =>
    isContext
      ? contextModule(bench, modes, heads, pass)
      : generationModule(bench, modes, heads, pass);
  const run = (bench: Bench, pass: Pass): Value => {
    // In HYBRID the granular kernels are preferred to an empirical module.
    const primary: Bench = bench.mode === "HYBRID"
      ? { ...bench, mode: "SILICON" }
      : bench;
    try {
      const { ms, wms } = module(primary, pass);
      return { ms: ms * scale, wms: wms * scale };
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "not_measured") {
        throw error;
      }
      return sumOf(bench, granular, pass);
    }
  };
  return [kit.operator("mla_block", 1, run, weightsOf(granular))];
}

function granularAttention(
  setting: GraphSetting,
  phase: Phase,
  kit: OperatorKit,
): Operator[] {
  const { model, layout, quant, backend } = setting;
  const { tp } = layout;
  const { hidden: h, heads: n } = model;
  const excluded = excludedProjections(model);
  const modeOf = (isExcluded: boolean) => ({
    mode: isExcluded ? "bfloat16" : quant.gemm,
  });
  const isContext = phase === "context";
  const bmm = excluded.kv || quant.gemm === "bfloat16" ? "bfloat16" : "fp8";
  const modes = { fmha: quant.fmha, kv: quant.kv, gemm: quant.gemm };
  const kernelHeads = floorDiv(128, tp);
  const L = kit.layers;
  const stage = (name: "pre" | "post") =>
    kit.operator(
      `bmm_${name}`,
      L,
      (bench, { b }) => mlaBmm(bench, bmm, name, { heads: floorDiv(n, tp), b }),
    );
  const shape = {
    heads: floorDiv(n, tp),
    kvHeads: floorDiv(model.kvHeads, tp),
    headDim: model.valueHeadDim,
    ...{ window: 0, kv: quant.kv, fmha: quant.fmha, qkNorm: false },
  };
  const plain = kit.operator(
    "attention",
    isContext ? L / kit.cp : L,
    (bench, pass) =>
      isContext
        ? contextAttention(bench, shape, { ...pass, cp: 1 })
        : generationAttention(bench, shape, pass),
  );
  const latent = isContext
    ? [
      kit.operator("attention", L, (bench, pass) =>
        contextMla(bench, modes, kernelHeads, { point: pass, cp: kit.cp })),
    ]
    : [
      stage("pre"),
      kit.operator(
        "attention",
        L,
        (bench, pass) => generationMla(bench, quant.kv, kernelHeads, pass),
      ),
      stage("post"),
    ];
  return [
    kit.matrix("downscale_gemm", [2112, h], modeOf(excluded.q && excluded.kv)),
    kit.matrix(
      "q_b_proj_gemm",
      [floorDiv(n * 192, tp), 1536],
      modeOf(excluded.q),
    ),
    ...(isContext
      ? [
        kit.matrix(
          "kv_b_proj_gemm",
          [floorDiv(n * 256, tp), 512],
          modeOf(excluded.kv),
        ),
      ]
      : []),
    ...(backend === "vllm" ? [plain] : latent),
    kit.matrix("proj_gemm", [h, floorDiv(n * 128, tp)], modeOf(excluded.o)),
  ];
}
