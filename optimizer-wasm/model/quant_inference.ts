/** Precision that a checkpoint declares (`aic-engine.md` §6.2, rules 1–5). @module */

import { WattkeeperError } from "../../service/portable.ts";

type JsonObject = { readonly [key: string]: unknown };

/** What the checkpoint says; a field it does not speak of is absent. */
export interface InferredQuant {
  readonly gemm?: string;
  readonly moe?: string;
  readonly kv?: string;
  readonly fmha?: string;
}

function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonObject
    : {};
}

function firstText(...values: unknown[]): string | undefined {
  const found = values.find((value) =>
    typeof value === "string" && value !== ""
  );
  return typeof found === "string" ? found.toLowerCase() : undefined;
}

function configGroups(quantisation: JsonObject): JsonObject[] {
  return Object.values(objectOf(quantisation["config_groups"])).map(objectOf);
}

function isDynamic(quantisation: JsonObject): boolean {
  const scheme = quantisation["activation_scheme"];
  if (typeof scheme === "string") return scheme === "dynamic";
  return configGroups(quantisation).some((group) =>
    group["dynamic"] === true ||
    objectOf(group["input_activations"])["dynamic"] === true
  );
}

function normaliseKv(text: string): string | undefined {
  if (/fp8|e4m3|e5m2/.test(text)) return "fp8";
  if (/bf16|bfloat16|fp16|float16/.test(text)) return "bfloat16";
  return undefined;
}

function kvOf(q: JsonObject, h: JsonObject): string | undefined {
  const named = firstText(
    h["kv_cache_quant_algo"],
    q["kv_cache_quant_algo"],
    q["kv_cache_quant_method"],
    q["kv_cache_dtype"],
  );
  if (named !== undefined) return normaliseKv(named);
  const scheme = objectOf(q["kv_cache_scheme"]);
  const bits = scheme["num_bits"];
  if (scheme["type"] !== "float" || typeof bits !== "number") return undefined;
  return bits <= 8 ? "fp8" : bits >= 16 ? "bfloat16" : undefined;
}

/** Base mode of a compressed-tensors checkpoint: its first group's weights. */
function compressedBase(q: JsonObject): string | undefined {
  const weights = objectOf(configGroups(q)[0]?.["weights"]);
  const bits = weights["num_bits"];
  if (weights["type"] === "int") {
    return bits === 4 ? "int4_wo" : bits === 8 ? "int8_wo" : undefined;
  }
  if (weights["type"] !== "float") return undefined;
  if (bits === 4) return "w4a16_mxfp4";
  if (bits !== 8) return undefined;
  return weights["strategy"] === "block" ? "fp8_block" : "fp8";
}

function compressedTensors(q: JsonObject, model: string): InferredQuant {
  const base = compressedBase(q);
  if (base === undefined) throw unknownAlgorithm(model, "compressed-tensors");
  const ignored = Array.isArray(q["ignore"]) ? q["ignore"].map(String) : [];
  const attentionExcluded = ignored.some((pattern) =>
    /self_attn|q_proj|k_proj|v_proj|o_proj/.test(pattern)
  );
  const expertsExcluded = ignored.some((pattern) =>
    pattern.includes("expert") && !pattern.includes("shared_expert")
  );
  return {
    ...(attentionExcluded ? {} : { gemm: base }),
    ...(expertsExcluded ? {} : { moe: base }),
  };
}

function unknownAlgorithm(model: string, algorithm: string): WattkeeperError {
  return new WattkeeperError(
    "unknown_model",
    `The checkpoint "${model}" is quantised with "${algorithm}", which is not known here.`,
    {
      remedy: "Name the precision with --gemm-quant, --moe-quant, --kv-quant.",
    },
  );
}

function weightsOf(
  algorithm: string,
  q: JsonObject,
  model: string,
): InferredQuant {
  switch (algorithm) {
    case "fp8":
      return { gemm: isDynamic(q) ? "fp8" : "fp8_static", moe: "fp8" };
    case "fp8_block":
    case "nvfp4":
      return { gemm: algorithm, moe: algorithm };
    case "mxfp4":
      return { gemm: "bfloat16", moe: "w4a16_mxfp4" };
    case "compressed-tensors":
      return compressedTensors(q, model);
    default:
      throw unknownAlgorithm(model, algorithm);
  }
}

/**
 * @param config `config.json`
 * @param hfQuantConfig `hf_quant_config.json` or null
 * @throws {WattkeeperError} `unknown_model` for an algorithm that is not known
 */
export function inferQuant(
  model: string,
  config: JsonObject,
  hfQuantConfig: JsonObject | null,
): InferredQuant {
  const q = objectOf(config["quantization_config"]);
  const h = objectOf(objectOf(hfQuantConfig)["quantization"]);
  let algorithm = firstText(
    h["quant_algo"],
    q["quant_algo"],
    q["quant_method"],
    q["quantization_method"],
  );
  if (algorithm === "w4a16_mxfp4") algorithm = "mxfp4";
  const block = q["weight_block_size"];
  if (algorithm === "fp8" && Array.isArray(block) && block.length > 0) {
    algorithm = "fp8_block";
  }
  const kv = kvOf(q, h);
  if (algorithm === undefined) return kv === undefined ? {} : { kv };
  const weights = weightsOf(algorithm, q, model);
  if (["fp8", "fp8_block", "nvfp4"].includes(algorithm) || kv === "fp8") {
    return { ...weights, kv: "fp8", fmha: "fp8" };
  }
  return kv === undefined ? weights : { ...weights, kv };
}
