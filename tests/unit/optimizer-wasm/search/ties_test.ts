/** What decides between fleets that serve the same: without a demand GPUs, then watts; with one watts, then GPUs (R16, R16a). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FleetQuery,
  type FleetSide,
  openFleetSearch,
} from "../../../../optimizer-wasm/search/mod.ts";
import { builtinOpener } from "../builtin_opener.ts";

const search = await openFleetSearch(await builtinOpener(), {
  model: "Qwen/Qwen3-32B",
  system: "h200_sxm",
  backend: "vllm",
  mode: "disagg",
  totalGpus: 32,
});

const queries = fc.record({
  shape: fc.constantFrom([4000, 500], [1000, 200], [512, 1024], [3000, 150]),
  ttftMs: fc.constantFrom(400, 600, 2000),
  itlMs: fc.constantFrom(20, 30, 50),
}).map(({ shape: [isl = 0, osl = 0], ttftMs, itlMs }): FleetQuery => ({
  ...{ isl, osl, ttftMs, itlMs },
  totalGpus: 32,
  caps: { kind: "free" },
  objective: "throughput",
  // One prefill replica limits what every choice of decode workers can serve: they tie.
  ceilings: { prefill: 1 },
}));

interface Spent {
  readonly gpus: number;
  readonly watts: number;
}

/** Replicas of decode points that serve `rate`, what each spends. */
function enough(points: readonly FleetSide[], rate: number): Spent[] {
  return points.map(({ requestsPerSecond, gpusPerReplica, capWatts = 0 }) => {
    const count = Math.ceil(rate / requestsPerSecond * (1 - 1e-12));
    const gpus = count * gpusPerReplica;
    return { gpus, watts: gpus * capWatts };
  });
}

function pointsOf(query: FleetQuery, side: "prefill" | "decode") {
  const found = search.points(query, side);
  return "points" in found ? found.points : [];
}

/** The least by one figure, then by the other. */
function least(all: readonly Spent[], first: keyof Spent): Spent | undefined {
  const second = first === "gpus" ? "watts" : "gpus";
  return all.toSorted((a, b) => a[first] - b[first] || a[second] - b[second])
    .at(0);
}

Deno.test("fleets that serve the same differ in GPUs first, with a demand in watts", () => {
  let conflicts = 0;
  fc.assert(
    fc.property(queries, (query) => {
      const { best } = search.run(query);
      if (!best?.prefill || !best.decode) return;
      const { servedRequestsPerSecond: rate } = best;
      const decode = enough(pointsOf(query, "decode"), rate);
      const prefill = enough(
        pointsOf(query, "prefill").filter(({ requestsPerSecond }) =>
          requestsPerSecond >= rate * (1 - 1e-12)
        ),
        rate,
      );
      const fleets = prefill.flatMap((one) =>
        decode.map((other) => ({
          gpus: one.gpus + other.gpus,
          watts: one.watts + other.watts,
        }))
      ).filter(({ gpus }) => gpus <= 32);
      const free = least(fleets, "gpus");
      const asked = least(fleets, "watts");
      assert(free && asked);
      if (free.gpus < asked.gpus && free.watts > asked.watts) conflicts++;
      assert.deepEqual({ gpus: best.gpus, watts: best.watts }, free);
      const met = search.run({ ...query, requestRate: rate }).best;
      assert.deepEqual({ gpus: met?.gpus, watts: met?.watts }, asked);
    }),
    { numRuns: Number(Deno.env.get("WATTKEEPER_SEARCH_RUNS") ?? 20) },
  );
  assert(conflicts > 0, "GPUs and watts never asked for different fleets");
});

Deno.test("a demand of exactly some replicas takes no replica more, however the division rounds", async () => {
  const decode = await openFleetSearch(await builtinOpener(), {
    ...search.space,
    mode: "decode",
    totalGpus: 4096,
  });
  let roundedUp = 0;
  fc.assert(
    fc.property(
      queries,
      fc.integer({ min: 1, max: 300 }),
      ({ ceilings: _, ...drawn }, replicas) => {
        const query: FleetQuery = { ...drawn, totalGpus: 4096 };
        const found = decode.points(query, "decode");
        if (!("points" in found)) return;
        const spent = ({ capWatts = 0, gpusPerReplica }: FleetSide) =>
          capWatts * gpusPerReplica;
        // Of all points the fewest watts a request: no other fleet serves its multiples for less.
        const point = found.points.reduce((least, one) =>
          spent(one) / one.requestsPerSecond <
              spent(least) / least.requestsPerSecond
            ? one
            : least
        );
        const requestRate = replicas * point.requestsPerSecond;
        if (requestRate / point.requestsPerSecond > replicas) roundedUp++;
        const { best } = decode.run({ ...query, requestRate });
        assert(best);
        assert(
          best.watts <= replicas * spent(point),
          `${best.watts} W, and ${replicas} × ${spent(point)} W serve it`,
        );
      },
    ),
    { numRuns: 200 },
  );
  assert(roundedUp > 0, "no division rounded up");
});
