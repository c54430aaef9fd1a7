import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { QuantOverride } from "../../../optimizer-wasm/mod.ts";
import { checkLayout } from "../../../optimizer-wasm/model/layout.ts";
import {
  type JsonObject,
  readModelSpec,
} from "../../../optimizer-wasm/model/model_spec.ts";
import {
  chooseQuant,
  type QuantContext,
} from "../../../optimizer-wasm/model/quant_choice.ts";

const DENSE: JsonObject = {
  architectures: ["LlamaForCausalLM"],
  num_hidden_layers: 4,
  hidden_size: 256,
  num_attention_heads: 8,
  num_key_value_heads: 2,
  intermediate_size: 512,
  vocab_size: 1000,
};
const EXPERTS: JsonObject = {
  ...DENSE,
  architectures: ["Qwen3MoeForCausalLM"],
  num_experts: 16,
  num_experts_per_tok: 2,
  moe_intermediate_size: 384,
};

Deno.test("a configuration gives the fields of its family, the head size from the width where it names none", () => {
  const spec = readModelSpec("dense", DENSE);
  strictEqual(spec.family, "LLAMA");
  strictEqual(spec.headSize, 32);
  strictEqual(spec.qkNorm, false);
  deepStrictEqual(spec.quant, {});
  const experts = readModelSpec("experts", { ...EXPERTS, head_dim: 64 });
  strictEqual(experts.family, "MOE");
  strictEqual(experts.headSize, 64);
  strictEqual(experts.qkNorm, true);
  strictEqual(experts.experts, 16);
});

Deno.test("an architecture without a graph, and a configuration without a size, are unknown models", () => {
  throws(
    () => readModelSpec("x", { ...DENSE, architectures: ["MambaForCausalLM"] }),
    { code: "unknown_model" },
  );
  throws(() => readModelSpec("x", { ...DENSE, hidden_size: "big" }), {
    code: "unknown_model",
    where: "hidden_size",
  });
  throws(() => readModelSpec("x", {}), { code: "unknown_model" });
});

interface QuantCase {
  readonly says: string;
  readonly config?: JsonObject;
  readonly hf?: JsonObject;
  readonly quant: Readonly<Record<string, string>>;
}

// aic-engine.md §6.2, rules 1–5.
const QUANTS: readonly QuantCase[] = [
  {
    says: "static fp8",
    config: { quant_method: "fp8", activation_scheme: "static" },
    quant: { gemm: "fp8_static", moe: "fp8", kv: "fp8", fmha: "fp8" },
  },
  {
    says: "dynamic fp8",
    config: { quant_method: "fp8", activation_scheme: "dynamic" },
    quant: { gemm: "fp8", moe: "fp8", kv: "fp8", fmha: "fp8" },
  },
  {
    says: "fp8 in blocks",
    config: { quant_method: "fp8", weight_block_size: [128, 128] },
    quant: { gemm: "fp8_block", moe: "fp8_block", kv: "fp8", fmha: "fp8" },
  },
  {
    says: "nvfp4, named in hf_quant_config",
    hf: { quant_algo: "NVFP4", kv_cache_quant_algo: "FP8" },
    quant: { gemm: "nvfp4", moe: "nvfp4", kv: "fp8", fmha: "fp8" },
  },
  {
    says: "mxfp4",
    config: { quant_method: "mxfp4" },
    quant: { gemm: "bfloat16", moe: "w4a16_mxfp4" },
  },
  {
    says: "compressed tensors with attention left out",
    config: {
      quant_method: "compressed-tensors",
      config_groups: { a: { weights: { type: "int", num_bits: 4 } } },
      ignore: ["re:.*self_attn.*"],
    },
    quant: { moe: "int4_wo" },
  },
  {
    says: "a KV cache in bfloat16 alone",
    config: { kv_cache_dtype: "bfloat16" },
    quant: { kv: "bfloat16" },
  },
];

for (const { says, config, hf, quant } of QUANTS) {
  Deno.test(`a checkpoint declares ${says}`, () => {
    const spec = readModelSpec(
      "x",
      config === undefined
        ? EXPERTS
        : { ...EXPERTS, quantization_config: config },
      hf === undefined ? null : { quantization: hf },
    );
    deepStrictEqual(spec.quant, quant);
  });
}

Deno.test("an unknown quantisation algorithm is refused by name", () => {
  throws(
    () =>
      readModelSpec("x", {
        ...DENSE,
        quantization_config: { quant_method: "awq" },
      }),
    { code: "unknown_model", message: /"awq"/ },
  );
});

function context(overrides: Partial<QuantContext> = {}): QuantContext {
  return {
    backend: "trtllm",
    smVersion: 90,
    fmhaModes: () => new Set(),
    answersWeightOnly: true,
    isLargeExpertParallel: false,
    ...overrides,
  };
}

Deno.test("inferred fp8 attention becomes bfloat16 where no table has it, and always on vllm", () => {
  const model = readModelSpec("x", {
    ...DENSE,
    quantization_config: { quant_method: "fp8", activation_scheme: "dynamic" },
  });
  const fmha = (overrides: Partial<QuantContext>) =>
    chooseQuant(model, {}, context(overrides)).fmha;
  strictEqual(fmha({}), "fp8");
  strictEqual(fmha({ fmhaModes: () => new Set(["bfloat16"]) }), "bfloat16");
  strictEqual(fmha({ fmhaModes: () => new Set(["fp8"]) }), "fp8");
  strictEqual(fmha({ backend: "vllm" }), "bfloat16");
  throws(
    () =>
      chooseQuant(
        model,
        { fmha: "fp8" },
        context({ fmhaModes: () => new Set(["bfloat16"]) }),
      ),
    { code: "invalid_value", where: "fmha_quant" },
  );
});

Deno.test("nvfp4 weights are computed weight-only before Blackwell, where something can answer that", () => {
  const model = readModelSpec("x", EXPERTS, {
    quantization: { quant_algo: "NVFP4" },
  });
  const moe = (overrides: Partial<QuantContext>) =>
    chooseQuant(model, {}, context(overrides)).moe;
  strictEqual(moe({}), "nvfp4_wo");
  strictEqual(moe({ smVersion: 100 }), "nvfp4");
  strictEqual(moe({ answersWeightOnly: false }), "nvfp4");
});

Deno.test("shared experts that a checkpoint excludes follow a GEMM mode that is named, made weight-only or settled across nodes", () => {
  const fp4 = readModelSpec("x", EXPERTS, {
    quantization: { quant_algo: "NVFP4" },
  });
  const named = (
    overrides: Partial<QuantContext>,
    wish: QuantOverride = {},
  ) => chooseQuant(fp4, wish, context(overrides)).gemmNamed;
  strictEqual(named({ smVersion: 100 }), false);
  strictEqual(named({ smVersion: 100 }, { gemm: "fp8" }), true);
  strictEqual(named({ smVersion: 90 }), true);
  strictEqual(
    named({ smVersion: 100, isLargeExpertParallel: true }),
    true,
  );
});

Deno.test("an unknown precision names the nearest known ones", () => {
  throws(
    () => chooseQuant(readModelSpec("x", DENSE), { gemm: "fp7" }, context()),
    { code: "invalid_value", where: "gemm_quant", message: /fp8/ },
  );
});

const QUANT = {
  gemm: "fp8_block",
  moe: "fp8_block",
  kv: "fp8",
  fmha: "fp8",
  gemmNamed: false,
};
const ONE = { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 };

const LAYOUTS = [
  ["heads that tp does not divide", { tp: 3 }, "tp"],
  ["zero ranks", { pp: 0 }, "pp"],
  ["a fraction of a rank", { dp: 1.5 }, "dp"],
  ["more stages than layers", { pp: 5 }, "pp"],
  ["expert ranks that do not match", { tp: 2 }, "moe_tp"],
  ["more expert ranks than experts", { dp: 32, moeEp: 32 }, "moe_ep"],
  ["split weight blocks", { tp: 2, moeTp: 2 }, "moe_tp"],
  ["context parallelism beside tensor parallelism", {
    tp: 2,
    cp: 2,
    moeEp: 4,
  }, "cp"],
] as const;

for (const [says, change, where] of LAYOUTS) {
  Deno.test(`a layout with ${says} is refused, naming ${where}`, () => {
    throws(
      () =>
        checkLayout(readModelSpec("x", EXPERTS), { ...ONE, ...change }, {
          backend: "sglang",
          quant: QUANT,
        }),
      { code: "invalid_layout", where },
    );
  });
}
