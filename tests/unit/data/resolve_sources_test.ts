/** Which files make up a table (`aic-engine.md` §1.2). @module */

import assert from "node:assert/strict";
import { layOut } from "../../../optimizer-wasm/data/import/data_layout.ts";
import { resolveSources } from "../../../optimizer-wasm/data/import/resolve_sources.ts";
import {
  NO_REUSE,
  readReuseManifest,
} from "../../../optimizer-wasm/data/import/reuse_manifest.ts";
import { readReuseYaml } from "../../../optimizer-wasm/data/import/reuse_yaml.ts";
import { memoryTree } from "./aic_source.ts";

const MANIFEST = readReuseManifest(
  `groups:
  - {op_file: mla_bmm_perf.parquet, kernel_source: default, tier: shared_fallback, frameworks: [sglang, trtllm]}
  - {op_file: mla_bmm_perf.txt, kernel_source: special, tier: shared, frameworks: [trtllm, vllm, sglang]}
  - {op_file: mla_bmm_perf.parquet, kernel_source: absent, tier: absence_load_bearing, frameworks: [sglang, trtllm]}
  - {op_file: mla_bmm_perf.parquet, tier: shared, frameworks: [sglang, other]}
`,
  "manifest",
);

function resolve(
  files: readonly string[],
  [backend, version, table]: readonly [string, string, string],
  { declared = "", manifest = NO_REUSE } = {},
): string[] {
  const paths = files.map((it) => `systems/data/sys/${it}`);
  const tree = memoryTree(
    Object.fromEntries(paths.map((path) => [path, ""])),
  );
  return resolveSources({
    layout: layOut("sys", tree, "systems/data/sys"),
    ...{ backend, version, table, manifest },
    declared: declared === "" ? [] : readReuseYaml(declared, "reuse.yaml"),
  }).map(({ role, backend, version, kernels }) =>
    [role, backend, version, ...(kernels ?? [])].join(" ")
  );
}

function reuse(...entries: readonly (readonly [string, string])[]): string {
  return "schema_version: 1\nreuse:\n" +
    entries.map(([table, from]) =>
      `- {table: ${table}, from_version: ${from}, reason: r, approved_by: a}\n`
    ).join("");
}

const gemm = (version: string, backend = "vllm") =>
  `gemm/${backend}/${version}/gemm_perf.parquet`;

Deno.test("older versions follow the primary one, newest first, and newer ones do not", () => {
  assert.deepEqual(
    resolve(
      ["1.3.0rc10", "1.3.0", "1.3.0rc9", "0.5.6.post2", "0.5.6", "1.3.1"].map(
        (it) => gemm(it),
      ),
      ["vllm", "1.3.0", "gemm_perf"],
    ),
    [
      "primary vllm 1.3.0",
      "older vllm 1.3.0rc10",
      "older vllm 1.3.0rc9",
      "older vllm 0.5.6.post2",
      "older vllm 0.5.6",
    ],
  );
});

Deno.test("a declared donor comes before older versions, once, even when it is newer", () => {
  assert.deepEqual(
    resolve(
      ["0.22.0", "0.24.0", "0.19.0", "0.18.0"].map((it) => gemm(it)),
      ["vllm", "0.22.0", "gemm_perf"],
      {
        declared: reuse(
          ["moe_perf", "0.18.0"],
          ["gemm_perf", "0.24.0"],
          ["gemm_perf", "0.18.0"],
          ["gemm_perf", "0.24.0"],
        ),
      },
    ),
    [
      "primary vllm 0.22.0",
      "declared vllm 0.24.0",
      "declared vllm 0.18.0",
      "older vllm 0.19.0",
    ],
  );
});

Deno.test("a donor that lacks the file is skipped, and so is a version without the table", () => {
  assert.deepEqual(
    resolve(
      [gemm("0.22.0"), "moe/vllm/0.19.0/moe_perf.parquet"],
      ["vllm", "0.22.0", "gemm_perf"],
      { declared: reuse(["gemm_perf", "0.24.0"]) },
    ),
    ["primary vllm 0.22.0"],
  );
});

Deno.test("a table in the family comm stands alone", () => {
  const files = [
    "comm/vllm/0.19.0/custom_allreduce_perf.parquet",
    "comm/vllm/0.18.0/custom_allreduce_perf.parquet",
  ];
  assert.deepEqual(
    resolve(files, ["vllm", "0.19.0", "custom_allreduce_perf"]),
    ["primary vllm 0.19.0"],
  );
});

Deno.test("a comm table that the version lacks comes from all older versions", () => {
  const files = [
    "comm/vllm/0.19.0/custom_allreduce_perf.parquet",
    "comm/vllm/0.18.0/custom_allreduce_perf.parquet",
    gemm("0.22.0"),
  ];
  assert.deepEqual(
    resolve(files, ["vllm", "0.22.0", "custom_allreduce_perf"]),
    ["older vllm 0.19.0", "older vllm 0.18.0"],
  );
});

Deno.test("versions of any family count as older ones of a table", () => {
  assert.deepEqual(
    resolve(
      ["mla/vllm/0.14.0/context_mla_perf.parquet", gemm("0.19.0")],
      ["vllm", "0.19.0", "context_mla_perf"],
    ),
    ["older vllm 0.14.0"],
  );
});

Deno.test("a version that is no PEP 440 version has no older ones", () => {
  assert.deepEqual(
    resolve([gemm("nightly"), gemm("0.1")], ["vllm", "nightly", "gemm_perf"]),
    ["primary vllm nightly"],
  );
});

Deno.test("other frameworks come last, alphabetical, newest first, with the kernels that are allowed", () => {
  const bmm = (backend: string, version: string) =>
    `mla_bmm/${backend}/${version}/mla_bmm_perf.parquet`;
  assert.deepEqual(
    resolve(
      [
        bmm("trtllm", "1.3.0rc10"),
        bmm("trtllm", "1.2.0rc5"),
        bmm("sglang", "0.5.9"),
        bmm("sglang", "0.5.14"),
        bmm("sglang", "nightly"),
        bmm("vllm", "0.24.0"),
        bmm("other", "1.0"),
      ],
      ["trtllm", "1.3.0rc10", "mla_bmm_perf"],
      { manifest: MANIFEST },
    ),
    [
      "primary trtllm 1.3.0rc10",
      "older trtllm 1.2.0rc5",
      "other_framework sglang 0.5.14 default special",
      "other_framework sglang 0.5.9 default special",
      "other_framework sglang nightly default special",
      "other_framework vllm 0.24.0 special",
    ],
  );
});

Deno.test("a version folder that says INCOMPLETE does not count, unless its metadata say otherwise", () => {
  const files = [
    gemm("0.3"),
    gemm("0.2"),
    "gemm/vllm/0.2/INCOMPLETE.txt",
    gemm("0.1"),
    "gemm/vllm/0.1/INCOMPLETE.txt",
    "gemm/vllm/0.1/collection_meta.yaml",
  ];
  assert.deepEqual(resolve(files, ["vllm", "0.3", "gemm_perf"]), [
    "primary vllm 0.3",
    "older vllm 0.1",
  ]);
});

Deno.test("older releases keep tables without families and as CSV", () => {
  assert.deepEqual(
    resolve(["vllm/0.2/gemm_perf.txt", "vllm/0.1/gemm_perf.txt"], [
      "vllm",
      "0.2",
      "gemm_perf",
    ]),
    ["primary vllm 0.2", "older vllm 0.1"],
  );
});

Deno.test("measured() offers versions with a table, and none that only declares donors or is a library", () => {
  const tree = memoryTree(Object.fromEntries(
    [
      gemm("0.10.0"),
      gemm("0.9.0"),
      "gemm/vllm/0.11.0/reuse.yaml",
      "gemm/vllm/0.11.0/collection_meta.yaml",
      "moe/sglang/0.5.9/moe_perf.parquet",
      "comm/nccl/2.27.3/nccl_perf.parquet",
      ".hidden/vllm/0.12.0/gemm_perf.parquet",
      "gemm/vllm/../evil/gemm_perf.parquet",
    ].map((it) => [`systems/data/sys/${it}`, ""]),
  ));
  assert.deepEqual(
    layOut("sys", tree, "systems/data/sys").measured().map((it) =>
      `${it.system} ${it.backend} ${it.version}`
    ),
    ["sys sglang 0.5.9", "sys vllm 0.9.0", "sys vllm 0.10.0"],
  );
});
