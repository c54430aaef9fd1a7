/** From what a checkpoint declares to what a worker computes in (`aic-engine.md` §6.2, "per use"). @module */

import { didYouMean, WattkeeperError } from "../../service/portable.ts";
import type { QuantOverride } from "../estimate_case.ts";
import { FMHA_MODES, GEMM_MODES, KV_BYTES, MOE_MODES } from "./quant_mode.ts";
import type { ModelSpec } from "./model_spec.ts";

/** Every precision of a built graph. */
export interface QuantChoice {
  readonly gemm: string;
  readonly moe: string;
  readonly kv: string;
  readonly fmha: string;
  /**
   * The GEMM mode was named, replaced by the weight-only one, or settled for experts that span nodes: shared experts
   * that the checkpoint excludes follow it then too.
   */
  readonly gemmNamed: boolean;
}

/** What the choice depends on beyond the model. */
export interface QuantContext {
  readonly backend: string;
  readonly smVersion: number;
  /**
   * Context-attention modes that the tables hold together with a KV mode (`undefined`: with any); empty when there
   * are no tables.
   */
  readonly fmhaModes: (kv: string | undefined) => ReadonlySet<string>;
  /**
   * Whether nvfp4 weights can be answered as weight-only: tables hold the mode, or the database mode may estimate it.
   * Otherwise the mode stays nvfp4, and the refusal names the rate that the GPU lacks.
   */
  readonly answersWeightOnly: boolean;
  /** Experts span nodes: the kernels for that were looked up under the precision, which settles it (§5.10). */
  readonly isLargeExpertParallel: boolean;
}

function check(
  field: string,
  value: string | undefined,
  known: readonly string[],
): void {
  if (value === undefined || known.includes(value)) return;
  throw new WattkeeperError(
    "invalid_value",
    `Unknown ${field} precision "${value}".${didYouMean(value, known)}`,
    { where: `${field}_quant`, remedy: `Known are ${known.join(", ")}.` },
  );
}

/**
 * Chooses the precision of an estimate. Explicit values win, what the checkpoint declares comes next, bfloat16 is
 * left. Inferred fp8 attention becomes bfloat16 where no table has it, and nvfp4 weights are computed as weight-only
 * before Blackwell.
 *
 * @throws {WattkeeperError} `invalid_value` for an unknown mode, or for explicit fp8 attention without data
 */
export function chooseQuant(
  model: ModelSpec,
  override: QuantOverride,
  context: QuantContext,
): QuantChoice {
  check("gemm", override.gemm, GEMM_MODES);
  check("moe", override.moe, MOE_MODES);
  check("kv", override.kv, Object.keys(KV_BYTES));
  check("fmha", override.fmha, Object.keys(FMHA_MODES));
  let fmha = override.fmha ?? model.quant.fmha;
  let fmhaSettled = override.fmha !== undefined;
  const kv = override.kv ?? model.quant.kv;
  if (fmha === "fp8") {
    const modes = context.fmhaModes(kv);
    if (modes.size > 0 && !modes.has("fp8")) {
      if (fmhaSettled) {
        throw new WattkeeperError(
          "invalid_value",
          `No context-attention table has fp8 attention with ${
            kv ?? "any"
          } KV cache.`,
          { where: "fmha_quant", remedy: "Leave the attention precision out." },
        );
      }
      if (modes.has("bfloat16")) {
        fmha = "bfloat16";
        fmhaSettled = true;
      }
    }
  }
  if (!fmhaSettled && fmha === "fp8" && context.backend === "vllm") {
    fmha = "bfloat16";
  }
  const weightOnly = (mode: string) =>
    mode === "nvfp4" && context.smVersion < 100 && context.answersWeightOnly
      ? "nvfp4_wo"
      : mode;
  const gemm = override.gemm ?? model.quant.gemm ?? "bfloat16";
  return {
    gemm: weightOnly(gemm),
    moe: weightOnly(override.moe ?? model.quant.moe ?? "bfloat16"),
    kv: kv ?? "bfloat16",
    fmha: fmha ?? "bfloat16",
    gemmNamed: override.gemm !== undefined || context.isLargeExpertParallel ||
      gemm === "nvfp4" && context.smVersion < 100,
  };
}
