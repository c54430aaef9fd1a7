/**
 * Architecture facts of well-known models, so that everything runs without imported data (R54). Each entry is the part
 * of the published `config.json` that the graphs read.
 * @module
 */

import type { JsonObject } from "./model_spec.ts";

/** One built-in model. */
interface BuiltinModel {
  readonly config: JsonObject;
  readonly hfQuantConfig?: JsonObject;
}

const FP8_BLOCKS = {
  quant_method: "fp8",
  activation_scheme: "dynamic",
  weight_block_size: [128, 128],
};

function llama(
  layers: number,
  hidden: number,
  heads: number,
  inter: number,
): BuiltinModel {
  return {
    config: {
      architectures: ["LlamaForCausalLM"],
      num_hidden_layers: layers,
      hidden_size: hidden,
      num_attention_heads: heads,
      num_key_value_heads: 8,
      intermediate_size: inter,
      vocab_size: 128256,
    },
  };
}

function qwen3(
  layers: number,
  hidden: number,
  heads: number,
  inter: number,
): BuiltinModel {
  return {
    config: {
      architectures: ["Qwen3ForCausalLM"],
      num_hidden_layers: layers,
      hidden_size: hidden,
      num_attention_heads: heads,
      num_key_value_heads: 8,
      head_dim: 128,
      intermediate_size: inter,
      vocab_size: 151936,
    },
  };
}

function qwen3Moe(
  layers: number,
  hidden: number,
  heads: number,
  inter: number,
  moeInter: number,
): BuiltinModel {
  return {
    config: {
      architectures: ["Qwen3MoeForCausalLM"],
      num_hidden_layers: layers,
      hidden_size: hidden,
      num_attention_heads: heads,
      num_key_value_heads: 4,
      head_dim: 128,
      intermediate_size: inter,
      vocab_size: 151936,
      num_experts_per_tok: 8,
      num_experts: 128,
      moe_intermediate_size: moeInter,
    },
  };
}

const MINIMAX_M2 = {
  architectures: ["MiniMaxM2ForCausalLM"],
  num_hidden_layers: 62,
  hidden_size: 3072,
  num_attention_heads: 48,
  num_key_value_heads: 8,
  head_dim: 128,
  intermediate_size: 1536,
  vocab_size: 200064,
  num_experts_per_tok: 8,
  num_local_experts: 256,
};

function gptOss(layers: number, experts: number): BuiltinModel {
  return {
    config: {
      architectures: ["GptOssForCausalLM"],
      num_hidden_layers: layers,
      hidden_size: 2880,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      head_dim: 64,
      intermediate_size: 2880,
      vocab_size: 201088,
      num_experts_per_tok: 4,
      num_local_experts: experts,
      quantization_config: { quant_method: "mxfp4" },
    },
  };
}

const LATENT = {
  num_hidden_layers: 61,
  hidden_size: 7168,
  intermediate_size: 18432,
  num_experts_per_tok: 8,
  moe_intermediate_size: 2048,
  kv_lora_rank: 512,
  qk_rope_head_dim: 64,
  v_head_dim: 128,
};

const deepseek: BuiltinModel = {
  config: {
    ...LATENT,
    architectures: ["DeepseekV3ForCausalLM"],
    num_attention_heads: 128,
    num_key_value_heads: 128,
    vocab_size: 129280,
    n_routed_experts: 256,
    quantization_config: FP8_BLOCKS,
  },
};

/** Experts in 4-bit integers; attention and shared experts stay in bfloat16. */
const kimi: BuiltinModel = {
  config: {
    architectures: ["KimiK25ForConditionalGeneration"],
    text_config: {
      ...LATENT,
      num_attention_heads: 64,
      num_key_value_heads: 64,
      vocab_size: 163840,
      n_routed_experts: 384,
      quantization_config: {
        quant_method: "compressed-tensors",
        config_groups: { experts: { weights: { type: "int", num_bits: 4 } } },
        ignore: ["re:.*self_attn.*", "re:.*shared_experts.*"],
      },
    },
  },
};

const dense32b = qwen3(64, 5120, 64, 25600);
const minimaxFp8: BuiltinModel = {
  config: { ...MINIMAX_M2, quantization_config: FP8_BLOCKS },
};

/** Built-in models by their Hugging Face name. */
export const BUILTIN_MODELS: Readonly<Record<string, BuiltinModel>> = {
  "Qwen/Qwen3-32B": dense32b,
  "Qwen/Qwen3-32B-FP8": {
    config: { ...dense32b.config, quantization_config: FP8_BLOCKS },
  },
  "Qwen/Qwen3-8B": qwen3(36, 4096, 32, 12288),
  "Qwen/Qwen3-1.7B": qwen3(28, 2048, 16, 6144),
  "meta-llama/Meta-Llama-3.1-8B": llama(32, 4096, 32, 14336),
  "meta-llama/Meta-Llama-3.1-70B": llama(80, 8192, 64, 28672),
  "meta-llama/Meta-Llama-3.1-405B": llama(126, 16384, 128, 53248),
  "Qwen/Qwen3-30B-A3B": qwen3Moe(48, 2048, 32, 6144, 768),
  "Qwen/Qwen3-235B-A22B": qwen3Moe(94, 4096, 64, 12288, 1536),
  "MiniMaxAI/MiniMax-M2.5": minimaxFp8,
  "MiniMaxAI/MiniMax-M2.7": minimaxFp8,
  "nvidia/MiniMax-M2.5-NVFP4": {
    config: MINIMAX_M2,
    hfQuantConfig: {
      quantization: { quant_algo: "NVFP4", kv_cache_quant_algo: "FP8" },
    },
  },
  "deepseek-ai/DeepSeek-V3": deepseek,
  "deepseek-ai/DeepSeek-R1": deepseek,
  "moonshotai/Kimi-K2.5": kimi,
  "openai/gpt-oss-20b": gptOss(24, 32),
  "openai/gpt-oss-120b": gptOss(36, 128),
};
