/** An infeasible answer names what binds, and by how much: that much more is enough, and less is not (R16). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { WattkeeperError } from "../../../../service/mod.ts";
import {
  type FleetInfeasible,
  type FleetQuery,
  type FleetResult,
  FleetSearch,
  openFleetSearch,
} from "../../../../optimizer-wasm/search/mod.ts";
import { Random } from "../../../peer/random.ts";
import { builtinOpener } from "../builtin_opener.ts";
import {
  judge,
  randomQuery,
  type RandomSearch,
  randomSearch,
} from "./random_search.ts";

/** Gives what an answer says is missing, or less of it. */
function relax(
  query: FleetQuery,
  { constraint, needed, available }: FleetInfeasible,
): FleetQuery {
  switch (constraint) {
    case "ttft_ms":
      return { ...query, ttftMs: needed };
    case "itl_ms":
      return { ...query, itlMs: needed };
    case "gpus":
      return { ...query, totalGpus: needed };
    case "admission":
      return available === 0 && query.maxThetaPrefill === 0
        ? { ...query, maxThetaPrefill: 0.5 }
        : { ...query, maxThetaDecode: needed };
    case "watts": {
      const { caps } = query;
      const given = caps.kind === "fixed"
        ? Object.entries(caps.watts).find(([, watts]) => watts === available)
        : undefined;
      if (caps.kind !== "fixed" || !given || available === query.budgetWatts) {
        return { ...query, budgetWatts: needed };
      }
      const watts = { ...caps.watts, [given[0]]: needed };
      return { ...query, caps: { kind: "fixed", watts } };
    }
    case "memory":
      throw new Error("Memory cannot be had.");
  }
}

/** A little less than what is missing. */
function short(infeasible: FleetInfeasible): FleetInfeasible {
  const { needed, unit } = infeasible;
  const less = unit === "gpus" || unit === "watts"
    ? needed - 1
    : needed * (1 - 1e-6);
  return { ...infeasible, needed: less };
}

function run({ search }: RandomSearch, query: FleetQuery): FleetResult {
  const result: FleetResult = search.run(query);
  assert.equal(result.best === undefined, result.infeasible !== undefined);
  return result;
}

/** Tightens a drawn query, so that it is seldom feasible. */
function tighten(random: Random, query: FleetQuery): FleetQuery {
  const times = () => random.pick([1, 0.5, 0.05]);
  return {
    ...query,
    ttftMs: query.ttftMs * times(),
    itlMs: query.itlMs * times(),
    ...(random.chance(0.3) ? { totalGpus: random.integer(1, 4) } : {}),
    ...(random.chance(0.3) ? { budgetWatts: random.integer(100, 2000) } : {}),
    ...(random.chance(0.1) ? { maxThetaPrefill: 0 } : {}),
  };
}

/** Follows what the answers say until there is a fleet; the constraints named on the way. */
function follow(drawn: RandomSearch, first: FleetQuery): string[] {
  const named: string[] = [];
  let query = first;
  for (;;) {
    const { infeasible } = run(drawn, query);
    if (!infeasible) return named;
    named.push(infeasible.constraint);
    const { constraint, needed, available, message } = infeasible;
    assert(named.length < 12, `going in circles: ${named}`);
    if (constraint === "memory") return named;
    assert(needed > available, `${message} ${needed} > ${available}`);
    assert(Number.isFinite(needed), message);
    if (available > 0) {
      const still = run(drawn, relax(query, short(infeasible))).infeasible;
      assert(still, `less than that is enough: ${message}`);
    }
    query = relax(query, infeasible);
  }
}

Deno.test("what an infeasible answer says is missing is enough, and less is not", async () => {
  const named = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = new Random(seed);
      const drawn = await randomSearch(random);
      if (drawn === undefined) return;
      for (let queries = 3; queries > 0; queries--) {
        const query = tighten(random, randomQuery(random, drawn));
        try {
          const constraints = follow(drawn, query);
          for (const name of constraints) {
            named.set(name, (named.get(name) ?? 0) + 1);
          }
          if (constraints.at(-1) === "memory") {
            assert.equal(judge(drawn, query).fleets.length, 0);
          }
        } catch (cause) {
          // Made-up tables may lack every row of a side; then the gap is what is told.
          if (
            cause instanceof WattkeeperError && cause.code === "not_measured"
          ) continue;
          const { model, backend, mode } = drawn.search.space;
          throw new Error(
            `${model} ${backend} ${mode}: ${JSON.stringify(query)}\n${cause}`,
            { cause },
          );
        }
      }
    }),
    { numRuns: Number(Deno.env.get("WATTKEEPER_SEARCH_RUNS") ?? 30) },
  );
  for (const name of ["ttft_ms", "itl_ms", "gpus", "watts"]) {
    assert((named.get(name) ?? 0) > 0, `${name} was never named`);
  }
});

const DENSE = {
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  mode: "disagg",
  totalGpus: 16,
} as const;
const QUERY: FleetQuery = {
  ...{ isl: 4000, osl: 500, ttftMs: 2000, itlMs: 50, totalGpus: 16 },
  caps: { kind: "own_draw" },
};

async function infeasibleOf(
  space: Partial<Parameters<typeof openFleetSearch>[1]>,
  query: Partial<FleetQuery>,
): Promise<FleetInfeasible> {
  const search = await openFleetSearch(await builtinOpener(), {
    ...DENSE,
    ...space,
  });
  const { infeasible, best }: FleetResult = search.run({ ...QUERY, ...query });
  assert.equal(best, undefined);
  assert(infeasible);
  return infeasible;
}

Deno.test("a cache that decode alone cannot hold is named memory, although prefill fits", async () => {
  const found = await infeasibleOf({}, { isl: 3000, osl: 16_000_000 });
  assert.equal(found.constraint, "memory");
  assert.match(found.message, /decode GPU/);
});

Deno.test("a decode threshold below one request is named admission, although prefill has rows", async () => {
  const found = await infeasibleOf({}, { maxThetaDecode: 1e-6 });
  assert.equal(found.constraint, "admission");
  assert(found.needed > 1e-6 && found.needed < 1, `${found.needed}`);
});

Deno.test("a given cap that slows prefill past its target is named with the slowed latency", async () => {
  const open = await infeasibleOf({}, { ttftMs: 1 });
  const capped = await infeasibleOf({}, {
    ttftMs: open.needed * 1.01,
    caps: { kind: "fixed", watts: { prefill: 300 } },
  });
  assert.equal(capped.constraint, "ttft_ms");
  assert(capped.needed > open.needed * 1.01);
  assert.match(capped.message, /under the given cap/);
});

Deno.test("sglang workers that share no tp are refused", async () => {
  const layout = (tp: number) => ({
    ...{ tp, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 },
  });
  await assert.rejects(
    infeasibleOf({
      backend: "sglang",
      pins: { prefill: layout(1), decode: layout(2) },
    }, {}),
    { code: "invalid_layout" },
  );
});

Deno.test("sglang sides that each fit at another tp are named with the memory that keeps them apart", async () => {
  const opener = await builtinOpener();
  const space = {
    model: "Qwen/Qwen3-235B-A22B",
    system: "h200_sxm",
    backend: "sglang",
  } as const;
  // Only prefill at tp 4 and decode at tp 2 hold the weights; tp 1 would go together.
  const layouts = await Promise.all(
    ([
      ["prefill", [4, 1, 4, 1]],
      ["prefill", [1, 4, 1, 4]],
      ["decode", [1, 2, 2, 1]],
      ["decode", [2, 2, 1, 4]],
    ] as const).map(async ([side, [tp, dp, moeTp, moeEp]]) => {
      const layout = { tp, pp: 1, dp, moeTp, moeEp, cp: 1 };
      const engineCase = {
        ...space,
        layout,
        databaseMode: "ROOFLINE",
      } as const;
      const [estimator] = await opener.openAll([engineCase]);
      assert(estimator && !(estimator instanceof WattkeeperError));
      return { side, estimator };
    }),
  );
  const search = new FleetSearch({ ...space, mode: "disagg" }, layouts, []);
  const { infeasible } = search.run({
    ...{ isl: 19_730, osl: 3, ttftMs: 2297, itlMs: 23.2, totalGpus: 16 },
    caps: { kind: "free" },
    objective: "throughput",
  });
  assert.equal(infeasible?.constraint, "memory");
});
