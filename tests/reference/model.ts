/** From a published config to the fields of a graph (`aic-engine.md` §6.1). @module */

import { Refusal } from "./refusal.ts";

/** Fields of a published JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Graph families of the reference. */
export type Family = "LLAMA" | "GPT" | "MOE" | "DEEPSEEK" | "KIMIK25";

/** What a graph is built from. */
export interface Model {
  readonly name: string;
  readonly architecture: string;
  readonly family: Family;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly inter: number;
  readonly vocabulary: number;
  readonly topk: number;
  readonly experts: number;
  readonly expertInter: number;
  readonly qkNorm: boolean;
  readonly kvLoraRank: number;
  readonly ropeHeadDim: number;
  readonly valueHeadDim: number;
  readonly config: Json;
  readonly hfQuantConfig: Json;
}

const FAMILIES: Readonly<Record<string, Family>> = {
  LlamaForCausalLM: "LLAMA",
  Qwen2ForCausalLM: "LLAMA",
  Qwen3ForCausalLM: "LLAMA",
  MiMoForCausalLM: "LLAMA",
  MixtralForCausalLM: "MOE",
  GptOssForCausalLM: "MOE",
  Qwen2MoeForCausalLM: "MOE",
  Qwen3MoeForCausalLM: "MOE",
  MiniMaxM2ForCausalLM: "MOE",
  DeepSeekForCausalLM: "DEEPSEEK",
  DeepseekV3ForCausalLM: "DEEPSEEK",
  KimiK25ForConditionalGeneration: "KIMIK25",
};
const WITH_QK_NORM = [
  "Qwen3ForCausalLM",
  "Qwen3MoeForCausalLM",
  "MiniMaxM2ForCausalLM",
];

/** A field that holds an object. */
export function objectOf(json: Json, name: string): Json {
  const value = json[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a model. */
export function readModel(
  name: string,
  { config: published, hfQuantConfig }: {
    readonly config: Json;
    readonly hfQuantConfig?: Json | null;
  },
  forcedFamily?: Family,
): Model {
  const { architectures } = published;
  const architecture = Array.isArray(architectures)
    ? String(architectures[0])
    : "";
  const family = forcedFamily ?? FAMILIES[architecture];
  if (family === undefined) {
    throw new Refusal("unknown_model", `No graph for "${architecture}".`);
  }
  const config = family === "KIMIK25" ? textConfig(published) : published;
  const number = (...fields: readonly string[]) => {
    for (const field of fields) {
      const value = config[field];
      if (typeof value === "number" && value !== 0) return value;
    }
    return 0;
  };
  const hidden = number("hidden_size");
  const heads = number("num_attention_heads");
  return {
    ...{ name, architecture, family, hidden, heads, config },
    hfQuantConfig: hfQuantConfig ?? {},
    layers: number("num_hidden_layers"),
    kvHeads: number("num_key_value_heads"),
    headDim: number("head_dim", "attention_head_dim") ||
      Math.floor(hidden / heads),
    inter: number("intermediate_size"),
    vocabulary: number("vocab_size"),
    topk: number("num_experts_per_tok", "top_k_experts", "moe_top_k"),
    experts: number(
      "num_local_experts",
      "n_routed_experts",
      "moe_num_experts",
      "num_experts",
    ),
    expertInter: number("moe_intermediate_size", "intermediate_size"),
    kvLoraRank: number("kv_lora_rank") || 512,
    ropeHeadDim: number("qk_rope_head_dim") || 64,
    valueHeadDim: number("v_head_dim") || 128,
    qkNorm: WITH_QK_NORM.includes(architecture),
  };
}

/** Whether the model has latent attention (§6.7). */
export function isLatent({ family }: Model): boolean {
  return family === "DEEPSEEK" || family === "KIMIK25";
}

/** Whether half of the layers attend through a window of 128 (§6.5). */
export function hasWindowLayers(model: Model): boolean {
  return model.architecture === "GptOssForCausalLM";
}

/** The language model inside a multimodal config; its quantisation is promoted. */
function textConfig(published: Json): Json {
  const inner = objectOf(published, "text_config");
  const own = published["quantization_config"];
  return own === undefined ? inner : { ...inner, quantization_config: own };
}
