/** The fleet search finds what a brute force finds, over small random spaces (R16, R16a, R17). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  FleetCandidate,
  FleetMode,
  FleetQuery,
  FleetResult,
} from "../../../../optimizer-wasm/search/mod.ts";
import { WattkeeperError } from "../../../../service/mod.ts";
import { Random } from "../../../peer/random.ts";
import { bruteOptions } from "./brute_options.ts";
import type { BruteFleet } from "./brute_fleets.ts";
import {
  judge,
  type Judgement,
  randomQuery,
  type RandomSearch,
  randomSearch,
} from "./random_search.ts";

const ROUNDING = 1e-9;

function isClose(a: number, b: number): boolean {
  return a === b ||
    Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b));
}

/** Served requests, first tokens of aggregated workers not counted where demand is unlimited. */
function valueOf(fleet: FleetCandidate, query: FleetQuery): number {
  return fleet.mode === "agg" && query.requestRate === undefined
    ? fleet.servedRequestsPerSecond * (query.osl - 1) / query.osl
    : fleet.servedRequestsPerSecond;
}

function assertSameRank(
  found: FleetCandidate | undefined,
  wanted: BruteFleet,
  { query }: Judgement,
): void {
  assert(found, `nothing found, wanted ${show(wanted)}`);
  const value = valueOf(found, query);
  const said = JSON.stringify(found);
  assert(isClose(value, wanted.value), `${said}\nwanted ${show(wanted)}`);
  assert.equal(found.gpus, wanted.gpus, `${said}\nwanted ${show(wanted)}`);
  assert.equal(found.watts, wanted.watts, `${said}\nwanted ${show(wanted)}`);
}

function show({ options, ...rest }: BruteFleet): string {
  const sides = options.map(({ row, ...option }) => ({
    ...option,
    row: { side: row.side, layout: row.layout, batch: row.batch },
  }));
  return JSON.stringify({ ...rest, sides });
}

/** What an answer promises, whatever is best. */
function assertKeepsLimits(fleet: FleetCandidate, query: FleetQuery): void {
  assert(fleet.gpus <= (query.totalGpus ?? Infinity), "GPUs");
  assert(fleet.watts <= (query.budgetWatts ?? Infinity), "watts");
  assert((fleet.ttftMs ?? 0) <= query.ttftMs, "TTFT");
  assert((fleet.itlMs ?? 0) <= query.itlMs, "ITL");
  const room = 1 + ROUNDING;
  assert(
    (fleet.thetaPrefill ?? 0) <= (query.maxThetaPrefill ?? 1) * room,
    "prefill admission",
  );
  assert(
    (fleet.thetaDecode ?? 0) <= (query.maxThetaDecode ?? 1) * room,
    "decode admission",
  );
  for (const side of ["prefill", "decode", "workers"] as const) {
    const name = side === "workers" ? "agg" : side;
    const worker = fleet[side];
    if (!worker) continue;
    assert(worker.replicas >= (query.floors?.[name] ?? 1), "floor");
    assert(worker.replicas <= (query.ceilings?.[name] ?? Infinity), "ceiling");
  }
}

/** No row of the chosen layouts under the chosen caps would do with a lower latency. */
function assertLowestLatency(
  fleet: FleetCandidate,
  drawn: RandomSearch,
  { query, rows, context }: Judgement,
): void {
  for (const name of ["prefill", "decode", "workers"] as const) {
    const worker = fleet[name];
    if (!worker || worker.replicas === 0) continue;
    const side = name === "workers" ? "agg" : name;
    const layouts = drawn.layouts.filter((one) => one.side === side);
    const layout = layouts.findIndex(({ estimator }) =>
      estimator.engineCase.layout === worker.layout
    );
    const capOf = worker.capWatts ??
      fleet.watts / fleet.gpus * (fleet.mode === "disagg" ? NaN : 1);
    const rival = rows.filter((row) =>
      row.side === side && row.layout === layout
    ).flatMap((row) => bruteOptions(row, query, context)).filter((option) =>
      option.capWatts === capOf &&
      option.rate * worker.replicas >= fleet.servedRequestsPerSecond
    );
    const felt = (
      one: { ttftMs?: number | undefined; itlMs?: number | undefined },
    ) => side === "prefill" ? one.ttftMs ?? 0 : one.itlMs ?? 0;
    for (const option of rival) {
      assert(
        felt(worker) <= felt(option) * (1 + ROUNDING),
        `${side} ${felt(worker)} ms, and ${felt(option)} ms is there`,
      );
    }
  }
}

function assertExact(
  result: FleetResult,
  drawn: RandomSearch,
  judgement: Judgement,
): void {
  const { query, fleets } = judgement;
  const wanted = fleets.slice(0, query.top ?? 5);
  if (wanted.length === 0) {
    assert.equal(result.best, undefined);
    assert(result.infeasible);
    return;
  }
  assert.equal(result.infeasible, undefined);
  assert.equal(result.best, result.ranked[0]);
  for (const [index, fleet] of wanted.entries()) {
    assertSameRank(result.ranked[index], fleet, judgement);
  }
  assert.equal(result.ranked.length, wanted.length);
  for (const fleet of result.ranked) {
    assertKeepsLimits(fleet, query);
    assertLowestLatency(fleet, drawn, judgement);
  }
}

function isUnmeasured(error: unknown): boolean {
  return error instanceof WattkeeperError &&
    ["not_measured", "no_empirical", "missing_flops"].includes(error.code);
}

/** More runs for a night of it. */
const RUNS = Number(Deno.env.get("WATTKEEPER_SEARCH_RUNS") ?? 25);

/** Draws searches with three queries each and compares. */
async function compareRuns(
  numRuns: number,
  { mode, withLimits = false, alter = (query) => query }: {
    readonly mode?: FleetMode;
    readonly withLimits?: boolean;
    readonly alter?: (query: FleetQuery, drawn: RandomSearch) => FleetQuery;
  },
): Promise<void> {
  let feasible = 0;
  let infeasible = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = new Random(seed);
      const drawn = await randomSearch(random, mode, withLimits);
      if (drawn === undefined) return;
      for (let queries = 3; queries > 0; queries--) {
        const query = alter(randomQuery(random, drawn), drawn);
        const judgement = judge(drawn, query);
        if (judgement.fleets.length > 0) feasible++;
        else infeasible++;
        try {
          assertExact(drawn.search.run(query), drawn, judgement);
        } catch (cause) {
          // What no table answers on a whole side is unknown, not infeasible; a fleet must not be missed for it.
          if (isUnmeasured(cause) && judgement.fleets.length === 0) continue;
          const { model, backend, mode } = drawn.search.space;
          throw new Error(
            `${model} ${backend} ${mode}: ${JSON.stringify(query)}\n${cause}`,
            { cause },
          );
        }
      }
    }),
    { numRuns },
  );
  assert(feasible > infeasible / 2, "hardly a search had an answer");
}

Deno.test("the search finds what a brute force finds, ranked and to the watt", async () => {
  await compareRuns(RUNS, {});
});

Deno.test("caps cost what was measured at several power limits, where it was", async () => {
  const alter = (query: FleetQuery): FleetQuery => ({
    ...query,
    caps: query.caps.kind === "fixed" ? query.caps : { kind: "free" },
  });
  await compareRuns(RUNS, { withLimits: true, alter });
  await compareRuns(RUNS, { withLimits: true, mode: "agg", alter });
});

Deno.test("given caps below every measured limit follow the curve, and are never faster than at the lowest", async () => {
  await compareRuns(2 * RUNS, {
    withLimits: true,
    mode: "decode",
    alter: (query, { layouts }) => {
      const limits = layouts.flatMap(({ estimator }) => estimator.limits);
      const lowest = Math.min(
        700,
        ...limits.map(({ limitWatts }) => limitWatts),
      );
      const decode = Math.max(1, Math.round(lowest * 0.8));
      return {
        ...query,
        ...{ itlMs: 1e4, ttftMs: 1e4 },
        caps: { kind: "fixed", watts: { decode } },
      };
    },
  });
});

Deno.test("a watt more is taken where it brings a smaller declared error", async () => {
  await compareRuns(2 * RUNS, {
    mode: "decode",
    alter: (query) => ({
      ...query,
      caps: { kind: "free" },
      objective: "efficiency",
    }),
  });
});

Deno.test("a demand is met with the fewest watts, also where that takes more GPUs", async () => {
  await compareRuns(RUNS, {
    mode: "decode",
    alter: (
      { requestRate: _rate, floors: _floors, ceilings: _ceilings, ...query },
      { search },
    ) => {
      const free: FleetQuery = {
        ...query,
        caps: { kind: "free" },
        objective: "throughput",
      };
      return {
        ...free,
        requestRate: 0.6 * (bestOf(search, free)?.requestsPerSecond ?? 1),
      };
    },
  });
});

/** The best fleet; undefined also where the tables say nothing. */
function bestOf(
  search: RandomSearch["search"],
  query: FleetQuery,
): FleetCandidate | undefined {
  try {
    return search.run(query).best;
  } catch (error) {
    if (isUnmeasured(error)) return undefined;
    throw error;
  }
}
