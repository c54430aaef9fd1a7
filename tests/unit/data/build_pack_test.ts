/** From files to slices and leaves (`aic-engine.md` §1.2, §2.2, §3.4). @module */

import assert from "node:assert/strict";
import {
  csv,
  type Files,
  gemmRow,
  parquet,
  type Row,
  systemYaml,
} from "./aic_source.ts";
import { keysOf, leavesOf, packOf, sitesOf } from "./built_pack.ts";

const DATA = "systems/data/h200_sxm";

/** A source with one table each: family, backend and version from the key, `gemm/vllm/1.0/gemm`. */
function source(
  tables: Readonly<Record<string, readonly Row[]>>,
  more: Files = {},
  system = systemYaml("h200_sxm"),
): Files {
  const files: Record<string, string | Uint8Array> = {
    "systems/h200_sxm.yaml": system,
    ...more,
  };
  for (const [place, rows] of Object.entries(tables)) {
    files[`${DATA}/${place}_perf.txt`] = csv(rows);
  }
  return files;
}

const build = (files: Files) => packOf(files, "h200_sxm vllm 1.0");

const attention = (latency: number, more: Row = {}): Row => ({
  kernel_source: "a",
  ...{ num_heads: 8, num_key_value_heads: 1, head_dim: 128 },
  ...{ batch_size: 1, isl: 64, step: 0, window_size: 0 },
  ...{ attn_dtype: "bfloat16", kv_cache_dtype: "bfloat16" },
  latency,
  ...more,
});
const moe = (latency: number, more: Row = {}): Row => ({
  kernel_source: "k",
  ...{ moe_dtype: "bfloat16", distribution: "balanced" },
  ...{ topk: 8, num_experts: 128, hidden_size: 4096, inter_size: 1536 },
  ...{ moe_tp_size: 1, moe_ep_size: 8, num_tokens: 1, latency },
  ...more,
});

Deno.test("the first row of a key wins: inside a file, and over files in priority order", async () => {
  const pack = await build(source({
    "gemm/vllm/1.0/gemm": [
      gemmRow([1, 64, 64], 3),
      gemmRow([1, 64, 64], 1),
    ],
    "gemm/vllm/0.9/gemm": [
      gemmRow([1, 64, 64], 0.5),
      gemmRow([2, 64, 64], 4),
      gemmRow([2, 64, 64], 5),
    ],
  }));
  assert.deepEqual(sitesOf(pack, "bfloat16"), [{
    site: "64 64",
    curve: [[1, 64, 64, 3, 0, 1], [2, 64, 64, 4, 0, 0]],
  }]);
  assert.deepEqual(
    pack.directory.sources.map((it) => `${it.role} ${it.rows}`),
    [
      "primary 2",
      "older 3",
    ],
  );
});

Deno.test("GEMM sites stand by first appearance of m, within it of n, within it of k", async () => {
  const pack = await build(source({
    "gemm/vllm/1.0/gemm": [
      gemmRow([16, 20, 1], 1),
      gemmRow([1, 30, 1], 1),
      gemmRow([16, 10, 2], 1),
      gemmRow([16, 20, 3], 1),
      gemmRow([16, 20, 2], 1),
      gemmRow([1, 20, 1], 1),
    ],
  }));
  assert.deepEqual(sitesOf(pack, "bfloat16").map((it) => it.site), [
    "20 1",
    "20 3",
    "20 2",
    "10 2",
    "30 1",
  ]);
});

Deno.test("a GEMM curve ascends in m and curves with the same m share an axis", async () => {
  const rows = [4, 1, 2].flatMap((m) => [
    gemmRow([m, 64, 64], m),
    gemmRow([m, 128, 64], m * 2),
  ]);
  const pack = await build(source({ "gemm/vllm/1.0/gemm": rows }));
  assert.deepEqual(
    sitesOf(pack, "bfloat16").map((it) => it.curve.map((leaf) => leaf[0])),
    [[1, 2, 4], [1, 2, 4]],
  );
  assert.equal(
    new Int32Array(pack.payload.buffer, pack.payload.byteOffset, 4)[1],
    1,
  );
});

Deno.test("awq and gptq rows are left out", async () => {
  const pack = await build(source({
    "gemm/vllm/1.0/gemm": ["awq", "fp8", "gptq"].map((gemm_dtype) =>
      gemmRow([1, 64, 64], 1, { gemm_dtype })
    ),
  }));
  assert.deepEqual(keysOf(pack, "gemm"), ["fp8"]);
});

Deno.test("a GEMM faster than the hardware allows is raised, and its blend power falls with it", async () => {
  const pack = await build(source({
    "gemm/vllm/1.0/gemm": [
      gemmRow([8192, 8192, 8192], 0.5, { power: 600, power_limit: 700 }),
      gemmRow([1, 64, 64], 1, { power: 100, power_limit: 700 }),
    ],
  }));
  const floor = 2 * 8192 ** 3 / 989e12 * 1000;
  const [low, high] = sitesOf(pack, "bfloat16").flatMap((it) => it.curve)
    .sort((a, b) => a[0] - b[0]);
  assert.deepEqual(low, [1, 64, 64, 1, 100, 1]);
  assert.equal(high?.[3], floor);
  assert.equal(high?.[4], 600 * 0.5 / floor);
  assert.deepEqual(pack.directory.powerLimitsWatts, [700]);
});

Deno.test("no floor where the GPU has no rate for the mode", async () => {
  const pack = await build(source({
    "gemm/vllm/1.0/gemm": [
      gemmRow([8192, 8192, 8192], 1e-6, { gemm_dtype: "nvfp4" }),
    ],
  }));
  assert.equal(sitesOf(pack, "nvfp4")[0]?.curve[0]?.[3], 1e-6);
});

Deno.test("attention rows are kept apart by kernel, the lane, in order of first appearance", async () => {
  const pack = await build(source({
    "attention/vllm/1.0/context_attention": [
      attention(1, { kernel_source: "b" }),
      attention(2, { kernel_source: "a" }),
      attention(3, { kernel_source: "a" }),
    ],
    "attention/vllm/0.9/context_attention": [
      attention(4, { kernel_source: "b" }),
      attention(5, { kernel_source: "c" }),
    ],
  }));
  const shape = "bfloat16 bfloat16 1 128 0";
  assert.deepEqual(
    keysOf(pack, "context_attention"),
    ["b", "a", "c"].map((lane) => `${lane} ${shape}`),
  );
  const latencies = ["b", "a", "c"].map((lane) =>
    leavesOf(pack, "context_attention", `${lane} ${shape}`).map((it) => it[3])
  );
  assert.deepEqual(latencies, [[1], [2], [5]]);
});

Deno.test("without a kernel column all rows are in the lane default", async () => {
  const { kernel_source: _, ...row } = attention(1);
  const pack = await build(
    source({ "attention/vllm/1.0/context_attention": [row] }),
  );
  assert.deepEqual(keysOf(pack, "context_attention"), [
    "default bfloat16 bfloat16 1 128 0",
  ]);
});

Deno.test("as many KV heads as heads is 0 in the key, and so is a window that is not there", async () => {
  const { window_size: _, ...row } = attention(1, { num_key_value_heads: 8 });
  const pack = await build(
    source({ "attention/vllm/1.0/context_attention": [row] }),
  );
  assert.deepEqual(keysOf(pack, "context_attention"), [
    "a bfloat16 bfloat16 0 128 0",
  ]);
});

Deno.test("context attention has the axes heads, length, batch; generation attention heads, batch, length with step", async () => {
  const rows = [
    attention(3, { isl: 128, step: 5, batch_size: 2 }),
    attention(2, { isl: 64, step: 5, batch_size: 4 }),
  ];
  const pack = await build(source({
    "attention/vllm/1.0/context_attention": rows,
    "attention/vllm/1.0/generation_attention": rows,
  }));
  assert.deepEqual(
    leavesOf(pack, "context_attention", "a bfloat16 bfloat16 1 128 0"),
    [[8, 64, 4, 2, 0, 1], [8, 128, 2, 3, 0, 1]],
  );
  assert.deepEqual(
    leavesOf(pack, "generation_attention", "a bfloat16 1 128 0"),
    [[8, 2, 133, 3, 0, 1], [8, 4, 69, 2, 0, 1]],
  );
});

Deno.test("generation attention is raised to its floor, by window and KV type; context attention is not", async () => {
  const long = { isl: 100_000, batch_size: 64, latency: 1e-3 };
  const pack = await build(source({
    "attention/vllm/1.0/context_attention": [attention(1, long)],
    "attention/vllm/1.0/generation_attention": [
      attention(1, long),
      attention(1, { ...long, window_size: 128 }),
      attention(1, { ...long, kv_cache_dtype: "fp8", num_key_value_heads: 8 }),
    ],
  }));
  const ms = (kv: number, past: number, bytes: number) =>
    64 * (2 * 8 * 128 + 2 * kv * past * 128 * bytes + 2 * 8 * 128) / 4.8e12 *
    1000;
  const at = (key: string) =>
    leavesOf(pack, "generation_attention", key)[0]?.[3];
  assert.equal(
    leavesOf(pack, "context_attention", "a bfloat16 bfloat16 1 128 0")[0]?.[3],
    1e-3,
  );
  assert.equal(at("a bfloat16 1 128 0"), ms(1, 99_999, 2));
  assert.equal(at("a bfloat16 1 128 128"), Math.max(1e-3, ms(1, 128, 2)));
  assert.equal(at("a fp8 0 128 0"), ms(8, 99_999, 1));
});

Deno.test("expert rows of two kernels are modes of their own, and rows for few tokens a table of their own", async () => {
  const pack = await build(source({
    "moe/vllm/1.0/moe": [
      moe(1, {
        moe_dtype: "w4a8_mxfp4_mxfp8",
        kernel_source: "sglang_mxfp4_flashinfer_trtllm_moe",
      }),
      moe(2, { moe_dtype: "w4a8_mxfp4_mxfp8" }),
      moe(3, {
        moe_dtype: "w4a16_mxfp4",
        kernel_source: "sglang_flashinfer_cutlass_moe",
      }),
      moe(4, {
        moe_dtype: "nvfp4",
        kernel_source: "moe_torch_flow_min_latency",
      }),
      moe(5, { moe_dtype: "nvfp4" }),
    ],
  }));
  const shape = "balanced 8 128 4096 1536 1 8";
  assert.deepEqual(keysOf(pack, "moe"), [
    `w4a8_mxfp4_mxfp8_trtllm ${shape}`,
    `w4a8_mxfp4_mxfp8 ${shape}`,
    `w4a16_mxfp4_cutlass ${shape}`,
    `nvfp4 ${shape}`,
  ]);
  assert.deepEqual(
    leavesOf(pack, "moe_low_latency", `nvfp4 ${shape}`),
    [[0, 0, 1, 4, 0, 1]],
  );
  assert.equal(leavesOf(pack, "moe", `nvfp4 ${shape}`)[0]?.[3], 5);
});

Deno.test("all-to-all latencies are stored in milliseconds", async () => {
  const pack = await build(source({
    "comm/vllm/1.0/moe_a2a": [{
      ...{
        comm_backend: "deepep_ht",
        phase: "dispatch",
        comm_dtype: "default",
      },
      ...{ ep_size: 8, node_num: 1, hidden_size: 7168, topk: 8 },
      ...{ num_experts: 256, sms: 20, num_tokens: 16, latency: 98.5 },
    }],
  }));
  assert.deepEqual(
    leavesOf(pack, "moe_a2a", "deepep_ht dispatch default 8 1 7168 8 256 20"),
    [[0, 0, 16, 98.5 / 1000, 0, 1]],
  );
});

Deno.test("eager all-reduce rows are left out, except on b60", async () => {
  const rows = [
    { kernel_source: "vLLM_custom_eager", backend: "vllm_graph", latency: 1 },
    { kernel_source: "x", backend: "vllm_eager", latency: 2 },
    { kernel_source: "x", backend: "vllm_graph", latency: 3 },
  ].map((row) => ({ num_gpus: 2, message_size: 128, ...row }));
  const files = source({ "comm/vllm/1.0/custom_allreduce": rows });
  const on = async (files: Files, identity: string) =>
    leavesOf(await packOf(files, identity), "custom_allreduce", "2")[0]?.[3];
  assert.equal(await on(files, "h200_sxm vllm 1.0"), 3);
  const b60 = Object.fromEntries(
    Object.entries({ ...files, "systems/h200_sxm.yaml": systemYaml("b60") })
      .map(([path, content]) => [path.replace("h200_sxm", "b60"), content]),
  );
  assert.equal(await on(b60, "b60 vllm 1.0"), 1);
});

Deno.test("collectives come from the library version that the system names, oneCCL's beside them", async () => {
  const row = (latency: number, nccl_dtype = "half") => [{
    ...{ nccl_dtype, op_name: "all_gather", num_gpus: 2, message_size: 128 },
    latency,
  }];
  const tables = {
    "gemm/vllm/1.0/gemm": [gemmRow([1, 64, 64], 1)],
    "comm/nccl/2.23/nccl": row(1),
    "comm/nccl/2.27.3/nccl": row(2),
    "comm/nccl/2.29/nccl": row(3),
    "comm/oneccl/2021.15/oneccl": row(4, "int8"),
  };
  const plain = await build(source(tables));
  assert.deepEqual(keysOf(plain, "nccl"), ["half all_gather 2"]);
  assert.equal(leavesOf(plain, "nccl", "half all_gather 2")[0]?.[3], 2);
  const both = await build(source(
    tables,
    {},
    systemYaml("h200_sxm", {
      library: 'nccl_version: "2.99"\n  oneccl_version: "2021.15"',
    }),
  ));
  assert.deepEqual(keysOf(both, "nccl"), ["int8 all_gather 2"]);
});

const mla = (latency: number, more: Row = {}): Row => ({
  kernel_source: "default",
  ...{ mla_dtype: "bfloat16", kv_cache_dtype: "fp8", gemm_type: "fp8_block" },
  ...{ num_heads: 16, isl: 64, step: 3, batch_size: 2, tp_size: 1 },
  model: "deepseek-ai/DeepSeek-V3",
  latency,
  ...more,
});

Deno.test("MLA tables and modules have the keys and axes of §2.2", async () => {
  const pack = await build(source({
    "mla/vllm/1.0/context_mla": [mla(1)],
    "mla/vllm/1.0/generation_mla": [mla(2)],
    "mla/vllm/1.0/mla_context_module": [mla(3)],
    "mla/vllm/1.0/mla_generation_module": [mla(4)],
  }));
  assert.deepEqual(leavesOf(pack, "context_mla", "bfloat16 fp8"), [
    [16, 64, 2, 1, 0, 1],
  ]);
  assert.deepEqual(leavesOf(pack, "generation_mla", "fp8"), [
    [16, 2, 67, 2, 0, 1],
  ]);
  assert.deepEqual(
    leavesOf(pack, "mla_context_module", "bfloat16 fp8 fp8_block 128"),
    [[16, 64, 2, 3, 0, 1]],
  );
  assert.deepEqual(
    leavesOf(pack, "mla_generation_module", "fp8 fp8_block 128"),
    [[16, 2, 67, 4, 0, 1]],
  );
});

Deno.test("the heads of a module's model come from its configuration when §2.2 does not name it", async () => {
  const tables = {
    "mla/vllm/1.0/mla_context_module": [mla(1, { model: "org/new" })],
  };
  await assert.rejects(build(source(tables)), {
    code: "invalid_file",
    message: /mla_context_module.*row 1.*org\/new/is,
  });
  const pack = await build(source(tables, {
    "model_configs/org--new_config.json": JSON.stringify({
      text_config: { num_attention_heads: 96 },
    }),
  }));
  assert.deepEqual(keysOf(pack, "mla_context_module"), [
    "bfloat16 fp8 fp8_block 96",
  ]);
});

Deno.test("module rows that were split must add up to the model's heads", async () => {
  await assert.rejects(
    build(source({
      "mla/vllm/1.0/mla_context_module": [mla(1, { tp_size: 4 })],
    })),
    { code: "invalid_file", message: /16 heads on each of 4 GPUs/ },
  );
});

Deno.test("rows of other frameworks count only for kernels that the manifest allows", async () => {
  const bmm = (kernel_source: string, num_tokens: number, latency: number) => ({
    kernel_source,
    ...{ bmm_dtype: "bfloat16", op_name: "mla_gen_pre", num_heads: 8 },
    ...{ num_tokens, latency },
  });
  const pack = await build(source({
    "mla_bmm/vllm/1.0/mla_bmm": [bmm("own", 1, 1)],
    "mla_bmm/sglang/0.5/mla_bmm": [
      bmm("default", 1, 9),
      bmm("secret", 2, 9),
      bmm("default", 4, 4),
    ],
  }, {
    "systems/perf_data_reuse_manifest.yaml": `groups:
- {op_file: mla_bmm_perf.txt, kernel_source: default, tier: shared, frameworks: [sglang, vllm]}
`,
  }));
  assert.deepEqual(leavesOf(pack, "mla_bmm", "bfloat16 mla_gen_pre 8"), [
    [0, 0, 1, 1, 0, 1],
    [0, 0, 4, 4, 0, 0],
  ]);
  assert.deepEqual(
    pack.directory.sources.map((it) => `${it.role} ${it.rows}`),
    [
      "primary 1",
      "other_framework 2",
    ],
  );
});

Deno.test("the quantize tables have two axes under one key 0", async () => {
  const row = { quant_dtype: "fp8", m: 2, k: 64, latency: 1 };
  const pack = await build(source({ "quantize/vllm/1.0/computescale": [row] }));
  assert.deepEqual(leavesOf(pack, "computescale", "fp8"), [[
    0,
    2,
    64,
    1,
    0,
    1,
  ]]);
});

Deno.test("power is kept where it was measured, and counted", async () => {
  const pack = await build(source({
    "moe/vllm/1.0/moe": [moe(1, { power: 350, power_limit: 700 })],
    "moe/vllm/0.9/moe": [moe(2, { num_tokens: 2 })],
  }));
  const [slice] = pack.directory.slices;
  assert.deepEqual(
    [slice?.leaves, slice?.primaryLeaves, slice?.poweredLeaves],
    [2, 1, 1],
  );
  assert.deepEqual(
    leavesOf(pack, "moe", slice!.key.join(" ")),
    [[0, 0, 1, 1, 350, 1], [0, 0, 2, 2, 0, 0]],
  );
});

Deno.test("the lane that a version asks first is in the directory", async () => {
  const files = source(
    { "attention/vllm/1.0/context_attention": [attention(1)] },
    { "systems/attention_lane_defaults.yaml": 'vllm: {"0.9": {90: fa3}}\n' },
  );
  assert.equal((await build(files)).directory.pinnedLane, "fa3");
});

Deno.test("a table gives the same slices from Parquet as from CSV", async () => {
  const rows = [
    attention(1, { isl: 128, power: 300.5 }),
    attention(2, { kv_cache_dtype: "fp8", power: 0 }),
    attention(3, { kernel_source: "b", power: 200 }),
  ];
  const place = `${DATA}/attention/vllm/1.0/generation_attention_perf`;
  const yaml = { "systems/h200_sxm.yaml": systemYaml("h200_sxm") };
  const fromCsv = await build({ ...yaml, [`${place}.txt`]: csv(rows) });
  const fromParquet = await build({
    ...yaml,
    [`${place}.parquet`]: parquet(rows),
  });
  assert.deepEqual(fromParquet, fromCsv);
});
