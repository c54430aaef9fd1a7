/** Leaving fleets out by a bound changes no answer: with room for every pair of layouts nothing is left out by rank. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FleetQuery,
  type FleetResult,
  openFleetSearch,
} from "../../../../optimizer-wasm/search/mod.ts";
import { builtinOpener } from "../builtin_opener.ts";

const opener = await builtinOpener();

const SPACES = [
  { model: "Qwen/Qwen3-32B-FP8", system: "h200_sxm", backend: "vllm" },
  { model: "Qwen/Qwen3-32B", system: "b200_sxm", backend: "trtllm" },
] as const;

const searches = await Promise.all(
  SPACES.flatMap((space) =>
    (["disagg", "best"] as const).map((mode) =>
      openFleetSearch(opener, { ...space, mode, totalGpus: 64 })
    )
  ),
);

/** Replicas from a floor that may be none, and a ceiling above it. */
const range = fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 8 }));

const queries = fc.record({
  shape: fc.constantFrom([4000, 500], [1000, 200], [512, 1024]),
  ttftMs: fc.constantFrom(300, 600, 2000),
  itlMs: fc.constantFrom(15, 25, 50, 100),
  totalGpus: fc.integer({ min: 2, max: 64 }),
  budgetWatts: fc.option(fc.integer({ min: 1500, max: 40_000 })),
  share: fc.option(fc.double({ min: 0, max: 1.2, noNaN: true })),
  efficiency: fc.boolean(),
  free: fc.boolean(),
  counts: fc.option(fc.tuple(range, range)),
});

type Drawn = typeof queries extends fc.Arbitrary<infer Value> ? Value : never;

function queryOf(drawn: Drawn): FleetQuery {
  const { ttftMs, itlMs, totalGpus, budgetWatts, counts } = drawn;
  const [isl = 0, osl = 0] = drawn.shape;
  const [prefill, decode] = counts ?? [];
  return {
    ...{ isl, osl, ttftMs, itlMs, totalGpus },
    ...(budgetWatts === null ? {} : { budgetWatts }),
    caps: { kind: drawn.free ? "free" : "own_draw" },
    objective: drawn.efficiency ? "efficiency" : "throughput",
    ...(prefill && decode
      ? {
        floors: { prefill: prefill[0], decode: decode[0] },
        ceilings: {
          prefill: prefill[0] + prefill[1],
          decode: decode[0] + decode[1],
        },
      }
      : {}),
  };
}

Deno.test("how many fleets are ranked does not change which is best", () => {
  fc.assert(
    fc.property(fc.nat(searches.length - 1), queries, (index, drawn) => {
      const search = searches[index];
      assert(search);
      const unlimited = queryOf(drawn);
      const most = search.run({ ...unlimited, top: 64 });
      const capacity = most.best?.servedRequestsPerSecond ?? 1;
      const query = drawn.share === null
        ? unlimited
        : { ...unlimited, requestRate: capacity * drawn.share };
      const all = search.run({ ...query, top: 64 }).ranked;
      for (const top of [1, 2, 5]) {
        const few: FleetResult = search.run({ ...query, top });
        assert.deepEqual(few.ranked, all.slice(0, top));
      }
    }),
    { numRuns: Number(Deno.env.get("WATTKEEPER_SEARCH_RUNS") ?? 30) },
  );
});
