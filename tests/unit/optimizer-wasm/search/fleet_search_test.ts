/** A fleet search as its callers meet it: limits, pins, refusals, one module for many searches. @module */

import assert from "node:assert/strict";
import {
  EstimatorOpener,
  type Layout,
  loadModule,
} from "../../../../optimizer-wasm/mod.ts";
import {
  type FleetQuery,
  type FleetResult,
  FleetSearch,
  type FleetSpace,
  openFleetSearch,
} from "../../../../optimizer-wasm/search/mod.ts";
import { Random } from "../../../peer/random.ts";
import { randomPack, SMALL_EXPERTS } from "../../../reference/random_pack.ts";
import { builtinOpener } from "../builtin_opener.ts";

const opener = await builtinOpener();
const DENSE: FleetSpace = {
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  mode: "disagg",
  totalGpus: 16,
};
const QUERY: FleetQuery = {
  ...{ isl: 4000, osl: 500, ttftMs: 2000, itlMs: 50, totalGpus: 16 },
  caps: { kind: "free" },
  budgetWatts: 6000,
};

const layout = (tp: number): Layout => ({
  ...{ tp, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
});

/** What an answer says, without how long it took. */
function said(search: FleetSearch, query: FleetQuery) {
  const result: FleetResult = search.run(query);
  return { ranked: result.ranked, infeasible: result.infeasible };
}

Deno.test("searches of one module instance do not see each other's rows", async () => {
  const first = await openFleetSearch(opener, DENSE);
  const second = await openFleetSearch(opener, {
    ...DENSE,
    model: "Qwen/Qwen3-32B-FP8",
    backend: "sglang",
  });
  assert.equal(
    first.estimator.program.engine,
    second.estimator.program.engine,
    "they share an instance",
  );
  const other = { ...QUERY, isl: 1000 };
  const alone = [said(first, QUERY), said(second, QUERY), said(first, other)];
  assert.notDeepEqual(alone[0], alone[1]);
  const mixed = [said(first, QUERY), said(second, QUERY), said(first, other)];
  assert.deepEqual(mixed, alone);
  assert.deepEqual(said(first, QUERY), alone[0]);
});

Deno.test("a query that fails half-way leaves the next one right", async () => {
  const search = await openFleetSearch(opener, DENSE);
  const before = said(search, QUERY);
  assert.throws(() => search.run({ ...QUERY, isl: 0 }), {
    code: "invalid_value",
  });
  said(search, { ...QUERY, isl: 9000, maxThetaDecode: 0 });
  assert.deepEqual(said(search, QUERY), before);
});

Deno.test("a pinned side has that layout alone", async () => {
  const search = await openFleetSearch(opener, {
    ...DENSE,
    pins: { prefill: layout(2), decode: layout(4) },
  });
  const { ranked } = said(search, QUERY);
  assert.equal(ranked.length, 1);
  assert.equal(ranked[0]?.prefill?.layout.tp, 2);
  assert.equal(ranked[0]?.decode?.layout.tp, 4);
});

Deno.test("a pin wider than the fleet is refused with both numbers", async () => {
  await assert.rejects(
    openFleetSearch(opener, {
      ...DENSE,
      totalGpus: 4,
      pins: { decode: layout(8) },
    }),
    { code: "invalid_layout", message: /8 GPUs, and 4 are there/ },
  );
});

Deno.test("layouts that a model refuses are named and left out", async () => {
  const search = await openFleetSearch(opener, {
    ...DENSE,
    mode: "best",
    pins: { agg: layout(3) },
  });
  assert.deepEqual(
    search.refused.map(({ side, layout: { tp }, code }) => [side, tp, code]),
    [["agg", 3, "invalid_layout"]],
  );
  assert.deepEqual(search.run(QUERY).provenance.refused, search.refused);
});

Deno.test("without imported tables the built-in model answers, unless a version or mode is named", async () => {
  const search = await openFleetSearch(opener, DENSE);
  assert.equal(search.run(QUERY).provenance.dataVersion, "builtin");
  for (
    const named of [{ backendVersion: "0.24.0" }, {
      databaseMode: "SILICON",
    }] as const
  ) {
    await assert.rejects(openFleetSearch(opener, { ...DENSE, ...named }), {
      code: "not_imported",
    });
  }
});

Deno.test("a model without any layout that fits says why", async () => {
  await assert.rejects(
    openFleetSearch(opener, { ...DENSE, model: "no/such-model" }),
    { code: "unknown_model" },
  );
  await assert.rejects(
    openFleetSearch(opener, { ...DENSE, system: "tpu_v9" }),
    { code: "unknown_system" },
  );
});

Deno.test("a side takes 128 layouts and no more", async () => {
  const search = await openFleetSearch(opener, DENSE);
  const [prefill] = search.layouts.filter(({ side }) => side === "prefill");
  const [decode] = search.layouts.filter(({ side }) => side === "decode");
  assert(prefill && decode);
  const of = (count: number) => [
    ...new Array(count).fill(prefill),
    ...new Array(count).fill(decode),
  ];
  const full = new FleetSearch(DENSE, of(128), []);
  assert.equal(said(full, { ...QUERY, top: 1 }).ranked.length, 1);
  assert.throws(() => new FleetSearch(DENSE, of(129), []), {
    code: "invalid_value",
    message: /more operating points than the module has room for/,
  });
});

Deno.test("more rows than there is room for are refused, not left out", async () => {
  const search = await openFleetSearch(opener, { ...DENSE, mode: "agg" });
  const agg = search.layouts.at(-1);
  assert(agg);
  const many = new FleetSearch(
    { ...DENSE, mode: "agg" },
    new Array(128).fill(agg),
    [],
  );
  const short = { ...QUERY, isl: 512, osl: 64 };
  assert.throws(() => many.run(short), { code: "invalid_value" });
  assert.throws(() => many.run(short), { code: "invalid_value" });
  assert(said(search, short).ranked.length > 0);
});

Deno.test("the widest enumerated space has room: sglang experts with short prompts", async () => {
  const search = await openFleetSearch(opener, {
    model: "Qwen/Qwen3-30B-A3B",
    system: "gb200",
    backend: "sglang",
    mode: "best",
    totalGpus: 64,
  });
  assert(search.layouts.length > 100);
  const { ranked } = said(search, {
    ...QUERY,
    isl: 512,
    caps: { kind: "own_draw" },
  });
  assert(ranked.length > 0);
});

Deno.test("tables that lack every row of a side refuse the question instead of calling it impossible", async () => {
  // The pack holds no attention beyond its grid's heads: 1 head a GPU is never measured.
  const pack = await randomPack(new Random(7));
  const small = new EstimatorOpener(await loadModule(), {
    modelNames: () => ["experts"],
    readModelConfig: () =>
      Promise.resolve({ config: { ...SMALL_EXPERTS, head_dim: 96 } }),
    systemNames: () => [pack.directory.system.name],
    readPack: () => Promise.resolve(pack),
  });
  const search = await openFleetSearch(small, {
    model: "experts",
    system: pack.directory.system.name,
    backend: "vllm",
    mode: "disagg",
    totalGpus: 8,
  });
  assert.throws(() => search.run(QUERY), { code: "not_measured" });
});

for (
  const [wrong, field] of [
    [{ isl: 0 }, "isl"],
    [{ osl: 1 }, "osl"],
    [{ prefix: 4000 }, "prefix"],
    [{ ttftMs: 0 }, "ttft_ms"],
    [{ itlMs: Number.NaN }, "itl_ms"],
    [{ totalGpus: 1.5 }, "total_gpus"],
    [{ budgetWatts: 0 }, "power_budget_watts"],
    [{ requestRate: -1 }, "request_rate"],
    [{ maxThetaDecode: 1.1 }, "admission_max_theta_decode"],
    [{ top: 65 }, "top"],
    [{ floors: { decode: -1 } }, "floors.decode"],
    [{ ceilings: { decode: 0 } }, "ceilings.decode"],
    [{ floors: { agg: 3 }, ceilings: { agg: 2 } }, "ceilings.agg"],
    [{ caps: { kind: "fixed", watts: { decode: 0 } } }, "decode_cap_watts"],
    [{ capRange: { minWatts: 500, maxWatts: 400 } }, "cap_range"],
    [{ capRange: { minWatts: 0, maxWatts: 400 } }, "cap_range"],
    [{ capRange: { minWatts: 400.2, maxWatts: 400.8 } }, "cap_range"],
    [{ capRange: { minWatts: 400, maxWatts: 5000 } }, "cap_range"],
  ] as const
) {
  Deno.test(`a query with ${JSON.stringify(wrong)} is refused at ${field}`, async () => {
    const search = await openFleetSearch(opener, DENSE);
    assert.throws(() => search.run({ ...QUERY, ...wrong }), {
      code: "invalid_value",
      where: field,
    });
  });
}
