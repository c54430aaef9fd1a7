/** Measured power in the store: several limits, powered rows alone, and who lends to whom. @module */

import assert from "node:assert/strict";
import { poweredBlock } from "../../../optimizer-wasm/program/powered_tables.ts";
import {
  gridViews,
  sitesViews,
} from "../../../optimizer-wasm/data/pack/mod.ts";
import {
  measuredPacks,
  openStore,
  powerDonors,
} from "../../../optimizer-wasm/data/store/mod.ts";
import { validatePack } from "../../../optimizer-wasm/data/validate/mod.ts";
import {
  gemmRow,
  parquet,
  smallSource,
  temporaryFolder,
  writeSource,
} from "./aic_source.ts";
import { packOf, sitesOf } from "./built_pack.ts";
import { runImport } from "./store_snapshot.ts";

const GEMM = "systems/data/h200_sxm/gemm/vllm/0.22.0/gemm_perf.parquet";

const powered = (
  [m, n, k]: readonly [number, number, number],
  [latency, power, limit]: readonly [number, number, number],
) => ({ ...gemmRow([m, n, k], latency), power, power_limit: limit });

Deno.test("of rows at several power limits that at the highest counts, wherever it stands", async () => {
  const pack = await packOf({
    ...smallSource(),
    [GEMM]: parquet([
      powered([1, 64, 64], [3, 350, 400]),
      powered([1, 64, 64], [2, 600, 700]),
      powered([2, 64, 64], [2.5, 620, 700]),
      powered([2, 64, 64], [4, 380, 400]),
    ]),
  }, "h200_sxm vllm 0.22.0");
  const curve = sitesOf(pack, "bfloat16").find(({ site }) => site === "64 64")
    ?.curve.filter((leaf) => leaf[5] === 1);
  assert.deepEqual(curve?.map((leaf) => [leaf[0], leaf[3], leaf[4]]), [
    [1, 2, 600],
    [2, 2.5, 620],
  ]);
  assert.deepEqual(pack.directory.powerLimitsWatts, [400, 700]);
  const { findings, verdict } = validatePack(pack);
  assert.notEqual(verdict, "ok");
  assert.match(
    findings.join("; "),
    /measured at 2 power limits \(400, 700 W\)/,
  );
});

Deno.test("powered rows alone keep their places and lose the others", async () => {
  const pack = await packOf({
    ...smallSource(),
    [GEMM]: parquet([
      powered([1, 64, 64], [1, 300, 700]),
      powered([2, 64, 64], [2, 0, 700]),
      powered([4, 64, 64], [3, 500, 700]),
      powered([1, 128, 64], [1, 0, 700]),
      powered([8, 128, 128], [5, 650, 700]),
    ]),
  }, "h200_sxm vllm 0.22.0");
  const slice = pack.directory.slices.find((it) =>
    it.table === "gemm" && it.poweredLeaves > 0
  );
  assert.ok(slice !== undefined);
  const { n, k, axisKeys, powerWatts, latencyMs } = sitesViews(
    poweredBlock(pack.payload, slice),
    0,
  );
  assert.deepEqual([...n], [64, 128]);
  assert.deepEqual([...k], [64, 128]);
  assert.deepEqual([...axisKeys], [1, 4, 8]);
  assert.deepEqual([...powerWatts ?? []], [300, 500, 650]);
  assert.deepEqual([...latencyMs], [1, 3, 5]);
  const grid = pack.directory.slices.find((it) => it.table !== "gemm");
  assert.ok(grid !== undefined);
  // A slice without power has no powered rows.
  assert.equal(
    gridViews(poweredBlock(pack.payload, { ...grid, poweredLeaves: 0 }), 0)
      .keys2.length,
    0,
  );
});

Deno.test("a version without power borrows from the one of its backend that has most of it", async () => {
  await using folder = await temporaryFolder();
  const source = `${folder.path}/aic`;
  await writeSource(source, {
    ...smallSource(),
    [GEMM]: parquet([
      powered([1, 64, 64], [1, 300, 700]),
      powered([4, 64, 64], [3, 500, 700]),
    ]),
    "systems/data/h200_sxm/gemm/trtllm/1.0.0/gemm_perf.parquet": parquet([
      powered([1, 64, 64], [1, 310, 700]),
    ]),
    "systems/data/h200_sxm/gemm/vllm/0.24.0/gemm_perf.parquet": parquet([
      gemmRow([1, 64, 64], 1),
      gemmRow([4, 64, 64], 3),
    ]),
  });
  const directory = `${folder.path}/store`;
  await runImport({ source, store: directory, allVersions: true });
  const store = await openStore(directory);
  const lenders = async (backend: string, version: string) =>
    (await powerDonors(store, { system: "h200_sxm", backend, version }))
      .map((it) => `${it.backend} ${it.version}`);
  assert.deepEqual(await lenders("vllm", "0.24.0"), [
    "vllm 0.22.0",
    "trtllm 1.0.0",
  ]);
  // The one with the most has nobody of its own backend to ask.
  assert.deepEqual(await lenders("vllm", "0.22.0"), ["trtllm 1.0.0"]);
  assert.deepEqual(
    (await measuredPacks(store)).map((it) => `${it.backend} ${it.version}`),
    ["trtllm 1.0.0", "vllm 0.22.0"],
  );
});
