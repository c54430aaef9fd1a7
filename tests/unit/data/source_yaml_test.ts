/** The yaml files of a source. @module */

import assert from "node:assert/strict";
import { readLaneDefaults } from "../../../optimizer-wasm/data/import/lane_defaults.ts";
import { readQueryVersions } from "../../../optimizer-wasm/data/import/query_versions.ts";
import { readReuseManifest } from "../../../optimizer-wasm/data/import/reuse_manifest.ts";
import { readReuseYaml } from "../../../optimizer-wasm/data/import/reuse_yaml.ts";
import {
  describesSystem,
  readSystemYaml,
} from "../../../optimizer-wasm/data/import/system_yaml.ts";
import { systemYaml } from "./aic_source.ts";

Deno.test("readSystemYaml() takes facts in the units that the names say", () => {
  const { spec, ncclVersion, onecclVersion, dataFolder } = readSystemYaml(
    "h200_sxm",
    systemYaml("h200_sxm"),
    "h200_sxm.yaml",
  );
  assert.equal(dataFolder, "systems/data/h200_sxm");
  assert.equal(ncclVersion, "2.27.3");
  assert.equal(onecclVersion, null);
  assert.equal(spec.memoryBandwidthBytesPerSecond, 4.8e12);
  assert.equal(spec.memoryBandwidthScale, 0.8);
  assert.equal(spec.tdpWatts, 700);
  assert.deepEqual(spec.ncclMemoryBytes["4"], 411041792);
  assert(!("gpusPerRack" in spec));
});

Deno.test("readSystemYaml() leaves out rates that are not positive numbers", () => {
  const text = systemYaml("x", {
    extra: "  fp4_tc_flops: 0\n",
  }).replace("fp8_tc_flops: 1978000000000000", "fp8_tc_flops: -1");
  const { spec } = readSystemYaml("x", text, "x.yaml");
  assert.deepEqual(Object.keys(spec.flopsPerSecond), ["bfloat16", "int8"]);
});

Deno.test("readSystemYaml() keeps a library version that looks like a number as it is written", () => {
  const { ncclVersion } = readSystemYaml(
    "x",
    systemYaml("x", { library: 'nccl_version: "2.23"' }),
    "x.yaml",
  );
  assert.equal(ncclVersion, "2.23");
});

Deno.test("readSystemYaml() names file and field of what is wrong", () => {
  assert.throws(
    () =>
      readSystemYaml(
        "x",
        systemYaml("x").replace("mem_bw: 4800000000000", "mem_bw: fast"),
        "/data/x.yaml",
      ),
    { code: "invalid_file", message: /\/data\/x\.yaml.*gpu\.mem_bw/ },
  );
});

Deno.test("a yaml file that is no yaml is refused with its line", () => {
  assert.throws(
    () => readReuseYaml("schema_version: 1\nreuse: [\n  {a: b\n", "reuse.yaml"),
    { code: "invalid_file", message: /line \d/ },
  );
});

Deno.test("a yaml file whose aliases multiply is refused", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (let i = 0; i < 8; i++) {
    const [from, to] = [
      String.fromCharCode(97 + i),
      String.fromCharCode(98 + i),
    ];
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(", ")}]`);
  }
  assert.throws(() => readReuseYaml(bomb.join("\n"), "reuse.yaml"), {
    code: "invalid_file",
  });
});

Deno.test("other yaml files beside the systems are told apart", () => {
  assert(describesSystem("# licence\n\ndata_dir: data/x\n"));
  assert(!describesSystem("groups:\n- data_dir: x\n"));
});

Deno.test("readReuseYaml() takes a version as text, and wants all four fields", () => {
  const entry = "table: gemm_perf, from_version: 1.10, reason: r";
  const text = (more: string) =>
    `schema_version: 1\nreuse: [{${entry}, ${more}}]`;
  assert.deepEqual(readReuseYaml(text("approved_by: me"), "f"), [
    { table: "gemm_perf", fromVersion: "1.10" },
  ]);
  assert.throws(() => readReuseYaml(text('approved_by: ""'), "f"), {
    code: "invalid_file",
  });
});

Deno.test("readReuseManifest() gathers kernels by other framework and ignores what is not shared", () => {
  const allowed = readReuseManifest(
    `groups:
- {op_file: a_perf.parquet, kernel_source: k1, tier: shared, frameworks: [vllm, trtllm]}
- {op_file: a_perf.txt, kernel_source: k2, tier: shared_fallback, frameworks: [trtllm, vllm, sglang]}
- {op_file: a_perf.parquet, kernel_source: k3, tier: absence_load_bearing, frameworks: [vllm, trtllm]}
`,
    "m",
  );
  assert.deepEqual(
    [...allowed("a_perf", "vllm")].map(([name, kernels]) =>
      [name, ...kernels].join(" ")
    ),
    ["sglang k2", "trtllm k1 k2"],
  );
  assert.equal(allowed("b_perf", "vllm").size, 0);
  assert.equal(allowed("a_perf", "other").size, 0);
});

Deno.test("readLaneDefaults() takes the greatest listed version that is not newer", () => {
  const lane = readLaneDefaults(
    `sglang:\n  "0.5.14": {90: fa3, 100: triton}\n  "0.5.16": {90: fa4}\n`,
    "lanes",
  );
  assert.equal(lane("sglang", "0.5.14", 90), "fa3");
  assert.equal(lane("sglang", "0.5.15", 100), "triton");
  assert.equal(lane("sglang", "0.5.16", 90), "fa4");
  assert.equal(lane("sglang", "0.5.16", 100), null);
  assert.equal(lane("sglang", "0.5.9", 90), null);
  assert.equal(lane("vllm", "0.24.0", 90), null);
});

Deno.test("readQueryVersions() derives next over all systems that have no entries of their own", () => {
  const identity = (system: string, backend: string, version: string) => ({
    system,
    backend,
    version,
  });
  const slots = readQueryVersions({
    text: `schema_version: 1
defaults:
  vllm: {current: "0.24.0", previous: null}
overrides:
  b60:
    vllm: {current: "0.26.0", previous: "0.20.0"}
`,
    where: "q",
    identities: [
      identity("h200", "vllm", "0.19.0"),
      identity("h200", "vllm", "0.24.0"),
      identity("gb300", "vllm", "0.27.0"),
      identity("b60", "vllm", "0.28.0"),
      identity("b60", "sglang", "0.5.9"),
    ],
  });
  assert.deepEqual(slots, [
    {
      system: "h200",
      backend: "vllm",
      current: "0.24.0",
      previous: null,
      next: "0.27.0",
    },
    {
      system: "gb300",
      backend: "vllm",
      current: "0.24.0",
      previous: null,
      next: "0.27.0",
    },
    {
      system: "b60",
      backend: "vllm",
      current: "0.26.0",
      previous: "0.20.0",
      next: null,
    },
  ]);
});
