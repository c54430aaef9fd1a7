/** Precision by default and by wish (`aic-engine.md` §6.2). @module */

import type { QuantOverride } from "../../optimizer-wasm/estimate_case.ts";
import { isLatent, type Json, type Model, objectOf } from "./model.ts";
import { Refusal } from "./refusal.ts";
import type { Tables } from "./tables.ts";

/** The four modes of a graph. */
export interface Quant {
  readonly gemm: string;
  readonly moe: string;
  readonly kv: string;
  readonly fmha: string;
  /** The GEMM mode was asked for, or rule (b) replaced it; not merely inferred. */
  readonly isGemmExplicit: boolean;
}

type Partly = { gemm?: string; moe?: string; kv?: string; fmha?: string };

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
  } else if (algo === "compressed-tensors") {
    Object.assign(found, compressedTensors(Q));
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

/** Base mode from the first group's weights; what is ignored stays unset. */
function compressedTensors(Q: Json): Partly {
  const [group] = Object.values(objectOf(Q, "config_groups"));
  const weights = objectOf({ group }, "group");
  const { type, num_bits: bits, strategy } = objectOf(weights, "weights");
  const base = type === "int"
    ? bits === 4 ? "int4_wo" : "int8_wo"
    : bits === 4
    ? "w4a16_mxfp4"
    : strategy === "block"
    ? "fp8_block"
    : "fp8";
  const ignored = Array.isArray(Q["ignore"]) ? Q["ignore"].map(String) : [];
  const names = (pattern: RegExp) => ignored.some((it) => pattern.test(it));
  const isAttentionOut = names(/self_attn|q_proj|k_proj|v_proj|o_proj/);
  const isRoutedOut = ignored.some((it) =>
    it.includes("expert") && !it.includes("shared_expert")
  );
  return {
    ...(isAttentionOut ? {} : { gemm: base }),
    ...(isRoutedOut ? {} : { moe: base }),
  };
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
  /** Experts span nodes: without rule (a), and every mode counts as asked for. */
  readonly allToAll?: boolean;
}

/** T of rule (a): modes of context attention that are measured together with a KV mode. */
function contextModes(
  model: Model,
  kv: string | undefined,
  { backend, tables }: QuantSetting,
): ReadonlySet<string> {
  const usesMla = isLatent(model) && backend !== "vllm";
  const keys = usesMla
    ? ["context_mla", "mla_context_module"].flatMap((table) =>
      tables.grids(table).map(({ key }) => key)
    )
    : tables.grids("context_attention").map(({ key }) => key.slice(1));
  return new Set(
    keys.filter((key) => kv === undefined || key[1] === kv).map((key) =>
      String(key[0])
    ),
  );
}

/** Wish, then checkpoint, then bfloat16; with the rules of the estimate path. */
export function chooseQuant(
  model: Model,
  wish: QuantOverride,
  setting: QuantSetting,
): Quant {
  const { backend, tables, allToAll = false } = setting;
  const { direct = false, generationOnly = false } = setting;
  const inferred = inferQuant(model);
  const chosen: Partly = { ...inferred, ...wish };
  let isFmhaSet = wish.fmha !== undefined;
  if (!direct && !generationOnly && !allToAll) {
    const measured = contextModes(model, chosen.kv, { backend, tables });
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
  const isGemmExplicit = wish.gemm !== undefined || allToAll ||
    weightOnly(gemm) !== gemm;
  return {
    gemm: weightOnly(gemm),
    moe: weightOnly(moe),
    kv,
    fmha,
    isGemmExplicit,
  };
}
