/** Whole steps that power is judged on: dense models and mixtures of experts, batch 1–256, 128–16k tokens. @module */

import type { DatabaseMode, EngineCase } from "../estimate_case.ts";
import type { EngineEstimator } from "../engine_estimator.ts";

/** One step: a prefill pass or a decode step. */
export interface Step {
  readonly phase: "prefill" | "decode";
  readonly batchSize: number;
  /** Input tokens, or tokens in the KV cache. */
  readonly tokens: number;
}

/** What a step draws, watts, and the share of its time whose watts are measured. */
export interface StepDraw {
  readonly watts: number;
  readonly measured: number;
}

/** A model in a layout. */
export interface StepModel {
  readonly kind: "dense" | "moe";
  readonly model: string;
  readonly layout: EngineCase["layout"];
}

const layout = (tp: number, moeTp = 1, moeEp = 1) => ({
  tp,
  pp: 1,
  dp: 1,
  moeTp,
  moeEp,
  cp: 1,
});

/** What the steps are steps of; a model that is not there is left out. */
export const STEP_MODELS: readonly StepModel[] = [
  { kind: "dense", model: "Qwen/Qwen3-32B", layout: layout(1) },
  { kind: "dense", model: "Qwen/Qwen3-32B", layout: layout(4) },
  { kind: "dense", model: "Qwen/Qwen3-8B", layout: layout(1) },
  { kind: "dense", model: "meta-llama/Meta-Llama-3.1-70B", layout: layout(8) },
  { kind: "dense", model: "Qwen/Qwen3-32B-FP8", layout: layout(2) },
  { kind: "moe", model: "Qwen/Qwen3-30B-A3B", layout: layout(1) },
  { kind: "moe", model: "Qwen/Qwen3-235B-A22B", layout: layout(8, 1, 8) },
  { kind: "moe", model: "Qwen/Qwen3-235B-A22B", layout: layout(4, 4, 1) },
  { kind: "moe", model: "deepseek-ai/DeepSeek-V3", layout: layout(8, 1, 8) },
];

/** A pass above so many tokens is no pass of a server. */
const MOST_PREFILL_TOKENS = 32_768;

/** The steps of one model. */
export const STEPS: readonly Step[] = [1, 2, 4, 8, 16, 32, 64, 128, 256]
  .flatMap((batchSize) =>
    [128, 512, 1500, 4096, 16_384].flatMap((tokens): Step[] => [
      ...(batchSize * tokens <= MOST_PREFILL_TOKENS
        ? [{ phase: "prefill" as const, batchSize, tokens }]
        : []),
      { phase: "decode", batchSize, tokens },
    ])
  );

/** Draw of a step; undefined where the tables do not answer. */
export function stepDraw(
  estimator: EngineEstimator,
  { phase, batchSize, tokens }: Step,
): StepDraw | undefined {
  try {
    const { powerWatts, measuredShare } = phase === "prefill"
      ? estimator.prefill({ batchSize, isl: tokens })
      : estimator.decodeStep({ batchSize, kvLength: tokens });
    return { watts: powerWatts, measured: measuredShare };
  } catch {
    return undefined;
  }
}

/** The mode of all steps. */
export const STEP_MODE: DatabaseMode = "SILICON";
