/** Precision by default and by wish (`aic-engine.md` §6.2). @module */

import type { QuantOverride } from "../../optimizer-wasm/estimate_case.ts";
import { type Json, type Model, objectOf } from "./model.ts";
import { Refusal } from "./refusal.ts";
import type { Tables } from "./tables.ts";

/** The four modes of a graph. */
export interface Quant {
  readonly gemm: string;
  readonly moe: string;
  readonly kv: string;
  readonly fmha: string;
}

type Partly = { -readonly [Role in keyof Quant]?: string };

/** What the checkpoint itself says: rules 1–5. */
export function inferQuant({ config, hfQuantConfig }: Model): Partly {
  const Q = objectOf(config, "quantization_config");
  const H = objectOf(hfQuantConfig, "quantization");
  const blockSize = Q["weight_block_size"];
  const named = firstText([H, "quant_algo"], [Q, "quant_algo"], [
    Q,
    "quant_method",
  ], [Q, "quantization_method"]);
  let algo = named === "w4a16_mxfp4" ? "mxfp4" : named;
  if (algo === "fp8" && Array.isArray(blockSize) && blockSize.length > 0) {
    algo = "fp8_block";
  }
  const kvAlgo = kvAlgorithm(H, Q);
  const found: Partly = {};
  if (algo === "fp8") {
    found.gemm = isDynamic(Q) ? "fp8" : "fp8_static";
    found.moe = "fp8";
  } else if (algo === "fp8_block" || algo === "nvfp4") {
    found.gemm = algo;
    found.moe = algo;
  } else if (algo === "mxfp4") {
    found.gemm = "bfloat16";
    found.moe = "w4a16_mxfp4";
  } else if (algo !== undefined) {
    throw new Refusal(
      "unknown_model",
      `The reference does not read the quantisation "${algo}".`,
    );
  }
  if (kvAlgo !== undefined) found.kv = kvAlgo;
  const impliesFp8 = algo !== undefined &&
    (["fp8", "fp8_block", "nvfp4"].includes(algo) || kvAlgo === "fp8");
  if (impliesFp8) {
    found.fmha = "fp8";
    found.kv = "fp8";
  }
  return found;
}

function firstText(
  ...places: readonly (readonly [Json, string])[]
): string | undefined {
  for (const [json, field] of places) {
    const value = json[field];
    if (typeof value === "string" && value !== "") return value.toLowerCase();
  }
  return undefined;
}

function kvAlgorithm(H: Json, Q: Json): string | undefined {
  const named = firstText(
    [H, "kv_cache_quant_algo"],
    [Q, "kv_cache_quant_algo"],
    [Q, "kv_cache_quant_method"],
    [Q, "kv_cache_dtype"],
  );
  if (named !== undefined) {
    if (/fp8|e4m3|e5m2/.test(named)) return "fp8";
    if (/^(fp16|float16|bf16|bfloat16)$/.test(named)) return "bfloat16";
  }
  const scheme = objectOf(Q, "kv_cache_scheme");
  const bits = scheme["num_bits"];
  if (scheme["type"] !== "float" || typeof bits !== "number") return undefined;
  if (bits <= 8) return "fp8";
  return bits >= 16 ? "bfloat16" : undefined;
}

function isDynamic(Q: Json): boolean {
  const scheme = Q["activation_scheme"];
  if (typeof scheme === "string") return scheme === "dynamic";
  return JSON.stringify(Q["config_groups"] ?? {}).includes('"dynamic":true');
}

/** Where a model is built. */
export interface QuantSetting {
  readonly backend: string;
  readonly tables: Tables;
  /** Without the estimate path's rules (a) and (b): surface `mixed` of the goldens. */
  readonly direct?: boolean;
  /** A worker without context attention: without rule (a). */
  readonly generationOnly?: boolean;
}

/** Wish, then checkpoint, then bfloat16; with the rules of the estimate path. */
export function chooseQuant(
  model: Model,
  wish: QuantOverride,
  { backend, tables, direct = false, generationOnly = false }: QuantSetting,
): Quant {
  const inferred = inferQuant(model);
  const chosen: Partly = { ...inferred, ...wish };
  let isFmhaSet = wish.fmha !== undefined;
  if (!direct && !generationOnly) {
    const measured = new Set(
      tables.grids("context_attention")
        .filter(({ key }) => chosen.kv === undefined || key[2] === chosen.kv)
        .map(({ key }) => String(key[1])),
    );
    if (measured.size > 0 && !measured.has("fp8") && chosen.fmha === "fp8") {
      if (wish.fmha === "fp8") {
        throw new Refusal(
          "invalid_value",
          "No context attention measured in fp8.",
        );
      }
      if (measured.has("bfloat16")) {
        chosen.fmha = "bfloat16";
        isFmhaSet = true;
      }
    }
  }
  if (!isFmhaSet && backend === "vllm" && chosen.fmha === "fp8") {
    chosen.fmha = "bfloat16";
  }
  const {
    gemm = "bfloat16",
    moe = "bfloat16",
    kv = "bfloat16",
    fmha = "bfloat16",
  } = chosen;
  const weightOnly = (mode: string) =>
    !direct && tables.system.smVersion < 100 && mode === "nvfp4"
      ? "nvfp4_wo"
      : mode;
  return { gemm: weightOnly(gemm), moe: weightOnly(moe), kv, fmha };
}
