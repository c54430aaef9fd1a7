import { ok, throws } from "node:assert/strict";
import type { Layout, WorkerKind } from "../../../optimizer-wasm/mod.ts";
import { builtinCase, builtinOpener } from "./builtin_opener.ts";

interface Vector {
  readonly model: string;
  readonly system: string;
  readonly backend: string;
  readonly layout: Partial<Layout>;
  /** Prefill tokens of the mixed step, batch, input and output length. */
  readonly step: readonly [number, number, number, number];
  /** GiB: weights, activations, kv, nccl, other, total, KV budget. */
  readonly gib: readonly number[];
  readonly capacityTokens: number;
}

// Figures of aic-engine.md §8: the peer's own answers.
const VECTORS: readonly Vector[] = [
  {
    model: "Qwen/Qwen3-32B",
    system: "h200_sxm",
    backend: "vllm",
    layout: {},
    step: [4000, 12, 4000, 500],
    gib: [61.0229, 0.6732, 13.1836, 0, 3.5, 78.3798, 61.9294],
    capacityTokens: 261415,
  },
  {
    model: "Qwen/Qwen3-32B-FP8",
    system: "h200_sxm",
    backend: "trtllm",
    layout: { tp: 2 },
    step: [4000, 64, 4000, 500],
    gib: [15.9802, 0.8125, 17.5781, 0.334, 3.5, 38.2048, 104.5767],
    capacityTokens: 1774976,
  },
  {
    model: "Qwen/Qwen3-235B-A22B",
    system: "h200_sxm",
    backend: "vllm",
    layout: { dp: 8, moeTp: 8 },
    step: [4000, 20, 4000, 1000],
    gib: [66.6104, 1.3492, 17.9291, 0, 3.5, 89.3886, 55.6661],
    capacityTokens: 317136,
  },
  {
    model: "Qwen/Qwen3-30B-A3B",
    system: "h200_sxm",
    backend: "trtllm",
    layout: { dp: 4, moeEp: 4 },
    step: [2000, 16, 2000, 1000],
    gib: [15.7905, 1.375, 4.3945, 0, 3.5, 25.0601, 104.543],
    capacityTokens: 1182936,
  },
  {
    model: "deepseek-ai/DeepSeek-R1",
    system: "h200_sxm",
    backend: "trtllm",
    layout: { dp: 8, moeEp: 8 },
    step: [4000, 16, 4000, 2000],
    gib: [96.8547, 5.9062, 3.1414, 0, 3.5, 109.4023, 30.1803],
    capacityTokens: 955450,
  },
  {
    model: "meta-llama/Meta-Llama-3.1-70B",
    system: "b200_sxm",
    backend: "sglang",
    layout: { tp: 4 },
    step: [3969, 32, 4000, 1000],
    gib: [32.8535, 0.4562, 12.207, 0.3828, 4.2, 50.0996, 117.3394],
    capacityTokens: 1573248,
  },
  {
    model: "meta-llama/Meta-Llama-3.1-8B",
    system: "h200_sxm",
    backend: "vllm",
    layout: { tp: 8 },
    step: [1, 64, 2000, 48],
    gib: [1.8696, 0.0684, 2, 0.3828, 3.5, 7.8208, 121.3048],
    capacityTokens: 8103857,
  },
  {
    model: "MiniMaxAI/MiniMax-M2.5",
    system: "b200_sxm",
    backend: "vllm",
    layout: { tp: 4, moeEp: 4 },
    step: [2033, 16, 2048, 256],
    gib: [53.3253, 0.2344, 1.0898, 0.3828, 3.5, 58.5323, 104.8456],
    capacityTokens: 3634649,
  },
  {
    model: "openai/gpt-oss-20b",
    system: "h200_sxm",
    backend: "vllm",
    layout: {},
    step: [897, 128, 3584, 512],
    gib: [11.1683, 0.1719, 12.375, 0, 3.5, 27.2152, 112.2854],
    capacityTokens: 4966483,
  },
  {
    model: "deepseek-ai/DeepSeek-R1",
    system: "h200_sxm",
    backend: "sglang",
    layout: { tp: 8, moeEp: 8 },
    step: [4033, 64, 5000, 1000],
    gib: [84.6068, 1.0691, 12.5656, 0.3828, 4.2, 102.8244, 31.3396],
    capacityTokens: 1000890,
  },
  {
    model: "moonshotai/Kimi-K2.5",
    system: "h200_sxm",
    backend: "vllm",
    layout: { tp: 8, moeEp: 8 },
    step: [1, 64, 5000, 1000],
    gib: [66.3873, 0.0684, 25.1312, 0.3828, 3.5, 95.4697, 56.7871],
    capacityTokens: 881642,
  },
];

const GIB = 1024 ** 3;

function near(found: number, wanted: number, what: string): void {
  ok(Math.abs(found - wanted) <= 6e-5, `${what}: ${found}, wanted ${wanted}`);
}

for (const vector of VECTORS) {
  const { model, system, backend, layout } = vector;
  Deno.test(`memory of ${model} on ${system} with ${backend} is the peer's`, async () => {
    const opener = await builtinOpener();
    const estimator = await opener.open(
      builtinCase(model, { system, backend, layout }),
    );
    const [contextTokens, batchSize, isl, osl] = vector.step;
    const answer = estimator.memory("agg", {
      batchSize,
      isl,
      osl,
      contextTokens,
    });
    const parts = [
      answer.weightsBytes,
      answer.activationsBytes,
      answer.kvBytes,
      answer.ncclBytes,
      answer.otherBytes,
      answer.totalBytes,
      answer.kvBudgetBytes,
    ];
    for (const [index, wanted] of vector.gib.entries()) {
      near((parts[index] ?? NaN) / GIB, wanted, `part ${index}`);
    }
    ok(answer.fits);
    const found = estimator.kvCapacityTokens({ maxBatchedTokens: 8192, isl });
    ok(found === vector.capacityTokens, `${found} tokens of KV cache`);
  });
}

Deno.test("a model larger than its GPUs does not fit, and has no room for a KV cache", async () => {
  const opener = await builtinOpener();
  const estimator = await opener.open(
    builtinCase("meta-llama/Meta-Llama-3.1-405B"),
  );
  for (const kind of ["static", "static_ctx", "static_gen", "agg"] as const) {
    const answer = estimator.memory(kind satisfies WorkerKind, {
      batchSize: 1,
      isl: 128,
      osl: 2,
    });
    ok(!answer.fits, kind);
  }
  throws(
    () => estimator.kvCapacityTokens({ maxBatchedTokens: 8192, isl: 128 }),
    { code: "out_of_memory" },
  );
});

Deno.test("drafted tokens multiply the activations of a decode step, after their floor", async () => {
  const opener = await builtinOpener();
  const open = (nextn: number) =>
    opener.open(builtinCase("Qwen/Qwen3-8B", { nextn }));
  const query = { batchSize: 16, isl: 128, osl: 128 };
  const plain = (await open(0)).memory("static_gen", query);
  const drafted = (await open(3)).memory("static_gen", query);
  ok(plain.activationsBytes === 70 * 1024 * 1024);
  ok(drafted.activationsBytes === 4 * plain.activationsBytes);
});

Deno.test("a decode worker takes over an input that is cached whole; no other worker has then anything to do", async () => {
  const opener = await builtinOpener();
  const estimator = await opener.open(builtinCase("Qwen/Qwen3-8B"));
  const query = { batchSize: 16, isl: 128, osl: 128 };
  const cached = estimator.memory("static_gen", { ...query, prefix: 128 });
  ok(cached.totalBytes === estimator.memory("static_gen", query).totalBytes);
  for (const kind of ["static", "static_ctx", "agg"] as const) {
    throws(() => estimator.memory(kind, { ...query, prefix: 128 }), {
      code: "invalid_value",
    });
  }
  throws(() => estimator.memory("static_gen", { ...query, prefix: 129 }), {
    code: "invalid_value",
  });
});
