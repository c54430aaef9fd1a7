/** What `data validate` finds in a pack (`SPEC.md` R51). @module */

import assert from "node:assert/strict";
import {
  buildGridBlock,
  buildSitesBlock,
  type PackTable,
  PackWriter,
  parsePack,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import {
  coverageOf,
  type PackReport,
  TABLES_OF_FAMILY,
  validatePack,
} from "../../../optimizer-wasm/data/validate/mod.ts";
import { TABLE_SPECS } from "../../../optimizer-wasm/data/import/table_specs.ts";
import { readSystemYaml } from "../../../optimizer-wasm/data/import/system_yaml.ts";
import { systemYaml } from "./aic_source.ts";

const { spec: SYSTEM } = readSystemYaml("x", systemYaml("x"), "x.yaml");
const f64 = (...values: number[]) => Float64Array.from(values);

/** A curve over 1, 2, 3, …: latencies and powers. */
function curve(
  latencyMs: readonly number[],
  powerWatts: readonly number[] = [],
) {
  const count = latencyMs.length;
  return buildGridBlock({
    axis0: new Float64Array(count),
    axis1: new Float64Array(count),
    axis2: Float64Array.from({ length: count }, (_, i) => i + 1),
    latencyMs: f64(...latencyMs),
    powerWatts: Float64Array.from(
      { length: count },
      (_, i) => powerWatts[i] ?? 0,
    ),
    primary: new Uint8Array(count).fill(1),
  });
}

async function validate(
  fill: (writer: PackWriter) => void,
): Promise<PackReport> {
  const writer = new PackWriter();
  fill(writer);
  const bytes = await writer.finish({
    identity: { system: "x", backend: "vllm", version: "1" },
    system: SYSTEM,
    pinnedLane: null,
    powerLimitsWatts: [],
    sources: [],
  });
  return validatePack(await parsePack(bytes, "test"));
}

const ofTable = (report: PackReport, table: PackTable) =>
  report.tables.find((it) => it.table === table)!;

Deno.test("a latency that is no number, or not above 0, fails", async () => {
  const report = await validate((writer) =>
    writer.add("moe", ["a"], curve([1, NaN, 0, -1, Infinity]))
  );
  const { nonFinite, nonPositive, verdict } = ofTable(report, "moe");
  assert.deepEqual([nonFinite, nonPositive, verdict], [2, 2, "fail"]);
  assert.equal(report.verdict, "fail");
  assert.match(report.findings.join("\n"), /moe: 2 latencies are no finite/);
});

Deno.test("a latency of 0 in computescale, a difference of measurements, only warns", async () => {
  const report = await validate((writer) =>
    writer.add("computescale", ["fp8"], curve([0, 1]))
  );
  assert.equal(ofTable(report, "computescale").verdict, "warn");
});

Deno.test("power must be within a tenth and eleven tenths of TDP; 0 is not measured", async () => {
  const report = await validate((writer) =>
    writer.add("moe", ["a"], curve([1, 1, 1, 1, 1], [0, 70, 770, 69, 771]))
  );
  const { powered, powerOutOfRange, verdict } = ofTable(report, "moe");
  assert.deepEqual([powered, powerOutOfRange, verdict], [4, 2, "fail"]);
});

Deno.test("neighbours along the last axis that fall by more than a twentieth are counted", async () => {
  const report = await validate((writer) =>
    writer.add("nccl", ["half", "x", 2], curve([10, 9.6, 9, 20]))
  );
  const { pairs, falling } = ofTable(report, "nccl");
  assert.deepEqual([pairs, falling], [3, 1]);
});

Deno.test("neighbours along the middle axis are compared where both rows have the last key", async () => {
  const report = await validate((writer) =>
    writer.add(
      "context_attention",
      ["lane"],
      buildGridBlock({
        axis0: f64(1, 1, 1, 1, 2),
        axis1: f64(64, 64, 128, 128, 64),
        axis2: f64(1, 2, 2, 4, 1),
        latencyMs: f64(1, 5, 4, 8, 0.1),
        powerWatts: new Float64Array(5),
        primary: new Uint8Array(5).fill(1),
      }),
    )
  );
  const { pairs, falling } = ofTable(report, "context_attention");
  // (64, 1)–(64, 2), (128, 2)–(128, 4) and, falling, (64, 2)–(128, 2).
  assert.deepEqual([pairs, falling], [3, 1]);
});

Deno.test("GEMM curves are looked at along m, site by site", async () => {
  const report = await validate((writer) =>
    writer.add(
      "gemm",
      ["bfloat16"],
      buildSitesBlock({
        n: f64(1, 2),
        k: f64(1, 1),
        leafStart: Int32Array.of(0, 2, 4),
        m: f64(1, 2, 1, 2),
        latencyMs: f64(5, 6, 2, 1),
        powerWatts: new Float64Array(4),
        primary: new Uint8Array(4).fill(1),
      }),
    )
  );
  const { leaves, pairs, falling } = ofTable(report, "gemm");
  assert.deepEqual([leaves, pairs, falling], [4, 2, 1]);
});

Deno.test("tables that every estimate needs are missed by name", async () => {
  const report = await validate((writer) =>
    writer.add("custom_allreduce", [2], curve([1, 2]))
  );
  assert.equal(report.verdict, "warn");
  assert.deepEqual(report.missing, [
    "gemm",
    "context_attention",
    "generation_attention",
    "nccl",
  ]);
});

Deno.test("every table of a pack belongs to one family of operators", () => {
  const tables = TABLE_SPECS.flatMap((spec) => spec.tables).concat("nccl");
  assert.deepEqual(
    Object.values(TABLES_OF_FAMILY).flat().toSorted(),
    tables.toSorted(),
  );
});

Deno.test("coverageOf() adds up slices of the tables asked for", () => {
  const slice = (table: PackTable, leaves: number) => ({
    ...{ table, key: [], offset: 0, leaves },
    ...{ primaryLeaves: 1, poweredLeaves: 2 },
  });
  const directory = {
    formatVersion: 1 as const,
    identity: { system: "x", backend: "y", version: "z" },
    system: SYSTEM,
    pinnedLane: null,
    powerLimitsWatts: [],
    sources: [],
    slices: [slice("moe", 10), slice("moe", 20), slice("nccl", 5)],
  };
  assert.deepEqual(coverageOf(directory, ["moe"]), {
    slices: 2,
    leaves: 30,
    primaryLeaves: 2,
    poweredLeaves: 4,
  });
  assert.equal(coverageOf(directory).leaves, 35);
});
