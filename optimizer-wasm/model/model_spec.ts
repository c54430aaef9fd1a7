/** What a model's `config.json` says, in the few fields that the graphs need (`aic-engine.md` §6.1). @module */

import { WattkeeperError } from "../../service/portable.ts";
import type { ModelFamily } from "../estimate_case.ts";
import {
  type ExcludedProjections,
  excludedProjections,
} from "./excluded_projections.ts";
import { inferQuant, type InferredQuant } from "./quant_inference.ts";

export type { ModelFamily };

/** A JSON object as parsed. */
export type JsonObject = { readonly [key: string]: unknown };

/** Architecture facts; sizes are element counts. */
export interface ModelSpec {
  readonly name: string;
  readonly architecture: string;
  readonly family: ModelFamily;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  /** 0 when the config names none. */
  readonly kvHeads: number;
  readonly headSize: number;
  readonly inter: number;
  readonly vocab: number;
  readonly topk: number;
  readonly experts: number;
  readonly moeInter: number;
  readonly qkNorm: boolean;
  /** Every second layer attends to a window of 128 tokens (gpt-oss). */
  readonly slidingHalf: boolean;
  /** Rows of a weight block that must not be split (fp8_block experts), or undefined. */
  readonly weightBlock: number | undefined;
  readonly quant: InferredQuant;
  /** Latent attention, DEEPSEEK and KIMIK25 only. */
  readonly mla: MlaSpec | undefined;
}

/** Sizes of latent attention, and which projections a checkpoint leaves in bfloat16. */
export interface MlaSpec {
  readonly kvLoraRank: number;
  readonly ropeHeadSize: number;
  readonly valueHeadSize: number;
  readonly excluded: ExcludedProjections;
}

/** Whether a model routes its tokens to experts. */
export function isMoeFamily(family: ModelFamily): boolean {
  return family === "MOE" || family === "DEEPSEEK" || family === "KIMIK25";
}

const FAMILIES: Readonly<Record<string, ModelFamily>> = {
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

/** Architectures with a graph here. */
export const SUPPORTED_ARCHITECTURES: readonly string[] = Object.keys(FAMILIES);

/** Every graph; a configuration may name one in place of an architecture. */
export const MODEL_FAMILIES: readonly ModelFamily[] = [
  "LLAMA",
  "MOE",
  "GPT",
  "DEEPSEEK",
  "KIMIK25",
];

function familyOf(architecture: string): ModelFamily | undefined {
  return Object.hasOwn(FAMILIES, architecture)
    ? FAMILIES[architecture]
    : MODEL_FAMILIES.find((family) => family === architecture);
}

const QK_NORM = new Set([
  "Qwen3ForCausalLM",
  "Qwen3MoeForCausalLM",
  "MiniMaxM2ForCausalLM",
]);

/** First of `names` that is present and not zero. */
function firstNumber(config: JsonObject, ...names: string[]): number {
  for (const name of names) {
    const value = config[name];
    if (typeof value === "number" && value !== 0) return value;
  }
  return 0;
}

function positiveInteger(
  config: JsonObject,
  model: string,
  ...names: string[]
): number {
  const value = firstNumber(config, ...names);
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new WattkeeperError(
      "unknown_model",
      `The configuration of "${model}" has no usable ${names.join(" or ")}: ` +
        `found ${
          JSON.stringify(config[names[0] ?? ""])
        }, a positive integer is wanted.`,
      { where: names[0] ?? "config.json" },
    );
  }
  return value;
}

function weightBlockOf(config: JsonObject): number | undefined {
  const quantisation = config["quantization_config"];
  if (typeof quantisation !== "object" || quantisation === null) {
    return undefined;
  }
  const block = (quantisation as JsonObject)["weight_block_size"];
  const first = Array.isArray(block) ? block[0] : undefined;
  return typeof first === "number" && first > 0 ? first : undefined;
}

/**
 * Reads a Hugging Face configuration.
 *
 * @param name name shown in messages
 * @param config the parsed `config.json`
 * @param hfQuantConfig the parsed `hf_quant_config.json`, or null
 * @param family names the graph explicitly: GPT has no architecture of its own
 * @throws {WattkeeperError} `unknown_model` when the architecture has no graph here or a size is missing
 */
export function readModelSpec(
  name: string,
  config: JsonObject,
  hfQuantConfig: JsonObject | null = null,
  family?: ModelFamily,
): ModelSpec {
  const architectures = config["architectures"];
  const architecture = Array.isArray(architectures)
    ? String(architectures[0])
    : "";
  const found = family ?? familyOf(architecture);
  if (found === undefined) {
    throw new WattkeeperError(
      "unknown_model",
      `The model "${name}" has the architecture "${architecture}", which has no graph here.`,
      {
        where: "model",
        remedy: `Graphs exist for ${SUPPORTED_ARCHITECTURES.join(", ")}.`,
      },
    );
  }
  const full = found === "KIMIK25" ? textConfig(config) : config;
  return specOf({
    name,
    architecture,
    family: found,
    config: full,
    hfQuantConfig,
  });
}

/** Kimi's fields stand in `text_config`; a quantisation found only there counts for the whole. */
function textConfig(config: JsonObject): JsonObject {
  const text = config["text_config"];
  return typeof text === "object" && text !== null
    ? { ...config, ...(text as JsonObject) }
    : config;
}

function specOf(
  { name, architecture, family: found, config, hfQuantConfig }: {
    name: string;
    architecture: string;
    family: ModelFamily;
    config: JsonObject;
    hfQuantConfig: JsonObject | null;
  },
): ModelSpec {
  const heads = positiveInteger(config, name, "num_attention_heads");
  const hidden = positiveInteger(config, name, "hidden_size");
  const isMoe = isMoeFamily(found);
  return {
    name,
    architecture,
    family: found,
    layers: positiveInteger(config, name, "num_hidden_layers"),
    hidden,
    heads,
    kvHeads: firstNumber(config, "num_key_value_heads"),
    headSize: firstNumber(config, "head_dim", "attention_head_dim") ||
      Math.floor(hidden / heads),
    inter: positiveInteger(config, name, "intermediate_size"),
    vocab: positiveInteger(config, name, "vocab_size"),
    topk: isMoe
      ? positiveInteger(
        config,
        name,
        "num_experts_per_tok",
        "top_k_experts",
        "moe_top_k",
      )
      : 0,
    experts: isMoe
      ? positiveInteger(
        config,
        name,
        "num_local_experts",
        "n_routed_experts",
        "moe_num_experts",
        "num_experts",
      )
      : 0,
    moeInter: firstNumber(config, "moe_intermediate_size", "intermediate_size"),
    qkNorm: QK_NORM.has(architecture),
    slidingHalf: architecture === "GptOssForCausalLM",
    weightBlock: weightBlockOf(config),
    quant: inferQuant(name, config, hfQuantConfig),
    mla: found === "DEEPSEEK" || found === "KIMIK25"
      ? {
        kvLoraRank: firstNumber(config, "kv_lora_rank") || 512,
        ropeHeadSize: firstNumber(config, "qk_rope_head_dim") || 64,
        valueHeadSize: firstNumber(config, "v_head_dim") || 128,
        excluded: excludedProjections(config, hfQuantConfig),
      }
      : undefined,
  };
}
