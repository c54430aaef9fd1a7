/** Times of searches that ask the model nothing anew, and how they grow with the fleet (`SPEC.md` §14). @module */

import type { Layout } from "../../optimizer-wasm/mod.ts";
import {
  type FleetQuery,
  type FleetSearch,
  openFleetSearch,
} from "../../optimizer-wasm/search/mod.ts";
import { openBenchPacks } from "./packs.ts";

const REPEATS = 21;
const VERSION = "0.24.0";
const LAYOUT: Layout = { tp: 1, pp: 1, dp: 1, moeTp: 1, moeEp: 1, cp: 1 };
const MODELS = [
  { model: "Qwen/Qwen3-32B-FP8", pin: LAYOUT },
  {
    model: "Qwen/Qwen3-235B-A22B",
    pin: { ...LAYOUT, tp: 8, moeTp: 8 },
  },
] as const;

async function open(
  python: string,
  { model, pin }: { readonly model: string; readonly pin?: Layout },
): Promise<FleetSearch> {
  const opener = await openBenchPacks(python, {
    systems: ["h200_sxm"],
    backends: ["vllm"],
  });
  return await openFleetSearch(opener, {
    ...{ model, system: "h200_sxm", backend: "vllm", mode: "disagg" },
    ...{ backendVersion: VERSION, databaseMode: "SILICON", totalGpus: 4096 },
    ...(pin ? { pins: { prefill: pin, decode: pin } } : {}),
  });
}

/** Median of repeated searches whose rows are kept, and the first, which asks the model, ms. */
function time(search: FleetSearch, query: FleetQuery) {
  const start = performance.now();
  search.run(query);
  const first = performance.now() - start;
  const times = Array.from({ length: REPEATS }, (_, index) => {
    const from = performance.now();
    search.run({ ...query, itlMs: query.itlMs + index / 1000 });
    return performance.now() - from;
  }).sort((a, b) => a - b);
  return { first, median: times[Math.floor(REPEATS / 2)] ?? NaN };
}

const queryOf = (totalGpus: number): FleetQuery => ({
  ...{ isl: 4000, osl: 500, ttftMs: 2000, itlMs: 50, totalGpus },
  budgetWatts: totalGpus * 450,
  caps: { kind: "free" },
});

/** 64 GPUs with free caps on both sides, and the same with pinned layouts. */
export async function measureSmall(python: string): Promise<void> {
  console.log("\nSearch of 64 H200 with caps on both sides, ms: median, first");
  for (const { model, pin } of MODELS) {
    const shapes = [["all layouts", undefined, 20], [
      "pinned",
      pin,
      2,
    ]] as const;
    for (const [name, pinned, wanted] of shapes) {
      const search = await open(python, {
        model,
        ...(pinned ? { pin: pinned } : {}),
      });
      const { median, first } = time(search, queryOf(64));
      console.log(
        `  ${model.padEnd(24)} ${name.padEnd(12)} ${median.toFixed(2)}, ${
          first.toFixed(1)
        }  wanted ${wanted}  ${median <= wanted ? "met" : "MISSED"}`,
      );
    }
  }
}

/** From 8 to 4,096 GPUs, unlimited, with a demand, and by tokens a watt. */
export async function measureGrowth(python: string): Promise<void> {
  console.log("\nSearch time by GPUs with free caps, ms, median");
  for (const { model } of MODELS) {
    const search = await open(python, { model });
    for (const totalGpus of [8, 64, 512, 4096]) {
      const query = queryOf(totalGpus);
      const unlimited = time(search, query).median;
      const best = search.run(query).best?.servedRequestsPerSecond ?? 1;
      const demand = time(search, { ...query, requestRate: best / 2 }).median;
      const efficiency = time(search, { ...query, objective: "efficiency" });
      console.log(
        `  ${model.padEnd(24)} ${
          String(totalGpus).padStart(5)
        } GPUs: unlimited ${unlimited.toFixed(2)}, half the demand ${
          demand.toFixed(2)
        }, tokens a watt ${efficiency.median.toFixed(2)}`,
      );
    }
  }
}
