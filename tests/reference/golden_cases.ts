/** Inputs of the frozen results that the reference's families cover (`aic-engine.md` §10). @module */

import type {
  DatabaseMode,
  Layout,
  QuantOverride,
} from "../../optimizer-wasm/estimate_case.ts";

/** One case; what it leaves out has the value of the section's table of defaults. */
export interface GoldenCase {
  readonly id: string;
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  readonly version: string;
  readonly batch: number;
  readonly isl: number;
  readonly osl: number;
  readonly prefix: number;
  readonly layout: Layout;
  readonly mode: DatabaseMode;
  readonly policy?: "off" | "conservative" | "balanced" | "aggressive";
  readonly quant?: QuantOverride;
  /** Energies are frozen too. */
  readonly energy: boolean;
  /** S static, M mixed, A agg, D disagg. */
  readonly surfaces: string;
}

const DEFAULTS: Omit<GoldenCase, "id" | "model"> = {
  system: "b200_sxm",
  backend: "vllm",
  version: "0.19.0",
  batch: 1,
  isl: 1024,
  osl: 2,
  prefix: 0,
  layout: { tp: 8, pp: 1, dp: 1, moeTp: 1, moeEp: 8, cp: 1 },
  mode: "SILICON",
  energy: false,
  surfaces: "SMAD",
};

type CaseRow = Pick<GoldenCase, "id" | "model"> & Partial<GoldenCase>;

const ROWS: readonly CaseRow[] = [
  {
    id: "minimax-m25-b200-vllm-019-sampled-prefix",
    model: "MiniMaxAI/MiniMax-M2.5",
    batch: 2,
    isl: 2048,
    osl: 5,
    prefix: 256,
  },
  {
    id: "qwen3-235b-a22b-b200-vllm-019-isl1024-osl2",
    model: "Qwen/Qwen3-235B-A22B",
  },
  { id: "qwen3-32b-b200-vllm-019-isl1024-osl2", model: "Qwen/Qwen3-32B" },
  {
    id: "llama31-70b-b200-vllm-019-isl1024-osl2",
    model: "meta-llama/Meta-Llama-3.1-70B",
  },
  {
    id: "llama31-8b-b200-vllm-019-isl1024-osl2",
    model: "meta-llama/Meta-Llama-3.1-8B",
  },
  {
    id: "minimax-m25-h200-vllm-019-isl1024-osl2",
    model: "MiniMaxAI/MiniMax-M2.5",
    system: "h200_sxm",
  },
  {
    id: "minimax-m25-h100-vllm-019-isl1024-osl2",
    model: "MiniMaxAI/MiniMax-M2.5",
    system: "h100_sxm",
  },
  {
    id: "deepseek-v3-b200-vllm-019-isl1024-osl2",
    model: "deepseek-ai/DeepSeek-V3",
  },
  {
    id: "kimi-k25-h100-vllm-019-isl1024-osl2",
    model: "moonshotai/Kimi-K2.5",
    system: "h100_sxm",
  },
  {
    id: "minimax-m25-b200-sglang-0510-isl1024-osl2",
    model: "MiniMaxAI/MiniMax-M2.5",
    backend: "sglang",
    version: "0.5.10",
  },
  {
    id: "kimi-k25-b200-sglang-0510-isl1024-osl2",
    model: "moonshotai/Kimi-K2.5",
    backend: "sglang",
    version: "0.5.10",
  },
  {
    id: "qwen3-235b-b200-sglang-0510-adp8-etp4ep2",
    model: "Qwen/Qwen3-235B-A22B",
    backend: "sglang",
    version: "0.5.10",
    layout: { tp: 1, pp: 1, dp: 8, moeTp: 4, moeEp: 2, cp: 1 },
  },
  {
    id: "minimax-m25-b200-vllm-019-shape-decode-heavy",
    model: "MiniMaxAI/MiniMax-M2.5",
    isl: 128,
    osl: 64,
  },
  {
    id: "qwen3-32b-b200-trtllm-130rc10-shape-prefill-heavy",
    model: "Qwen/Qwen3-32B",
    backend: "trtllm",
    version: "1.3.0rc10",
    isl: 8192,
  },
  {
    id: "deepseek-v3-b200-vllm-019-shape-prefix-heavy",
    model: "deepseek-ai/DeepSeek-V3",
    isl: 2048,
    osl: 16,
    prefix: 1024,
  },
  { id: "gpt-oss-20b-b200-vllm-019-isl1024-osl2", model: "openai/gpt-oss-20b" },
  {
    id: "gpt-oss-20b-b200-trtllm-130rc10-isl1024-osl2",
    model: "openai/gpt-oss-20b",
    backend: "trtllm",
    version: "1.3.0rc10",
  },
  {
    id: "qwen3-17b-h100-vllm-014-scan-coverage",
    model: "Qwen/Qwen3-1.7B",
    system: "h100_sxm",
    version: "0.14.0",
  },
  {
    id: "kimi-k25-h200-vllm-014-scan-coverage",
    model: "moonshotai/Kimi-K2.5",
    system: "h200_sxm",
    version: "0.14.0",
  },
  {
    id: "qwen3-32b-b200-trtllm-130rc15-power",
    model: "Qwen/Qwen3-32B",
    backend: "trtllm",
    version: "1.3.0rc15",
    energy: true,
  },
  {
    id: "qwen3-32b-h200-vllm-022-power",
    model: "Qwen/Qwen3-32B",
    system: "h200_sxm",
    version: "0.22.0",
    energy: true,
  },
  {
    id: "qwen3-235b-a22b-b200-sglang-0510-cp4",
    model: "Qwen/Qwen3-235B-A22B",
    backend: "sglang",
    version: "0.5.10",
    layout: { tp: 1, pp: 1, dp: 1, moeTp: 4, moeEp: 1, cp: 4 },
    surfaces: "M",
  },
  {
    id: "qwen3-235b-a22b-b200-vllm-019-hybrid-xquant",
    model: "Qwen/Qwen3-235B-A22B",
    mode: "HYBRID",
    quant: { moe: "w4a16_mxfp4_cutlass" },
  },
  {
    id: "minimax-m25-nvfp4-h200-vllm-019-hybrid-balanced-miss",
    model: "nvidia/MiniMax-M2.5-NVFP4",
    system: "h200_sxm",
    mode: "HYBRID",
    policy: "balanced",
  },
  {
    id: "qwen3-235b-a22b-b200-vllm-019-empirical",
    model: "Qwen/Qwen3-235B-A22B",
    mode: "EMPIRICAL",
  },
  {
    id: "kimi-k25-b200-vllm-019-empirical",
    model: "moonshotai/Kimi-K2.5",
    mode: "EMPIRICAL",
  },
  {
    id: "qwen3-32b-b200-vllm-019-sol",
    model: "Qwen/Qwen3-32B",
    mode: "SOL",
    surfaces: "SM",
  },
  {
    id: "llama31-70b-b200-vllm-019-sol",
    model: "meta-llama/Meta-Llama-3.1-70B",
    mode: "SOL",
    surfaces: "SM",
  },
  {
    id: "qwen3-235b-a22b-b200-vllm-019-sol",
    model: "Qwen/Qwen3-235B-A22B",
    mode: "SOL",
    surfaces: "SM",
  },
  {
    id: "deepseek-v3-b200-vllm-019-sol",
    model: "deepseek-ai/DeepSeek-V3",
    mode: "SOL",
    surfaces: "SM",
  },
];

/** The cases in full. */
export const GOLDEN_CASES: readonly GoldenCase[] = ROWS.map((row) => ({
  ...DEFAULTS,
  ...row,
}));
