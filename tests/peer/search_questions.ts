/** Questions for both searches: the peer's command and ours. @module */

/** One `cli default` question. */
export interface SearchQuestion {
  readonly name: string;
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  readonly totalGpus: number;
  readonly isl: number;
  readonly osl: number;
  readonly ttftMs: number;
  readonly itlMs: number;
}

/** What the tests ask: the dense question that the peer leaves eight GPUs idle at, and a small mixture of experts. */
export const TESTED: readonly SearchQuestion[] = [
  {
    name: "A",
    model: "Qwen/Qwen3-32B-FP8",
    ...{ system: "h200_sxm", backend: "vllm", totalGpus: 32 },
    ...{ isl: 4000, osl: 500, ttftMs: 600, itlMs: 25 },
  },
  {
    name: "MoE",
    model: "Qwen/Qwen3-30B-A3B",
    ...{ system: "h200_sxm", backend: "vllm", totalGpus: 2 },
    ...{ isl: 2000, osl: 300, ttftMs: 1000, itlMs: 20 },
  },
];

/** What the bench asks beside them: dense, mixtures of experts, latent attention. */
export const BENCHED: readonly SearchQuestion[] = [
  {
    name: "dense, trtllm on B200",
    model: "Qwen/Qwen3-32B",
    ...{ system: "b200_sxm", backend: "trtllm", totalGpus: 16 },
    ...{ isl: 2000, osl: 500, ttftMs: 600, itlMs: 20 },
  },
  {
    name: "dense, sglang on H100",
    model: "meta-llama/Meta-Llama-3.1-8B",
    ...{ system: "h100_sxm", backend: "sglang", totalGpus: 12 },
    ...{ isl: 3000, osl: 300, ttftMs: 800, itlMs: 30 },
  },
  {
    name: "dense 70B, vllm on H200",
    model: "meta-llama/Meta-Llama-3.1-70B",
    ...{ system: "h200_sxm", backend: "vllm", totalGpus: 20 },
    ...{ isl: 1000, osl: 1000, ttftMs: 1000, itlMs: 40 },
  },
  {
    name: "MoE, vllm on H200",
    model: "Qwen/Qwen3-235B-A22B",
    ...{ system: "h200_sxm", backend: "vllm", totalGpus: 64 },
    ...{ isl: 4000, osl: 1000, ttftMs: 2000, itlMs: 50 },
  },
  {
    name: "MoE, trtllm on H100",
    model: "Qwen/Qwen3-30B-A3B",
    ...{ system: "h100_sxm", backend: "trtllm", totalGpus: 16 },
    ...{ isl: 3000, osl: 500, ttftMs: 1000, itlMs: 30 },
  },
  {
    name: "MLA, trtllm on B200",
    model: "deepseek-ai/DeepSeek-V3",
    ...{ system: "b200_sxm", backend: "trtllm", totalGpus: 32 },
    ...{ isl: 4000, osl: 1000, ttftMs: 2000, itlMs: 50 },
  },
];
