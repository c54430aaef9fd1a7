/** What a decision costs: a tick over 1,000 workers, and 10,000 ticks in a row. Run: deno run -A tests/bench/decide_ticks.ts @module */

import {
  type CapacityModel,
  decide,
  type EngineLoad,
  initialState,
  type LiveSignals,
} from "../../planner/core/mod.ts";
import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  openModel,
  parsePlannerConfig,
  searchWith,
} from "../../planner/mod.ts";
import { ONE_GPU_ENGINE } from "./one_gpu_engine.ts";

const WORKERS = 1000;

const config = parsePlannerConfig({
  name: "bench",
  text: `${ONE_GPU_ENGINE}
environment: simulated
max_gpu_budget: -1
enable_load_scaling: true
total_gpu_power_limit: 400000
`,
}).config;

function engines(tick: number): EngineLoad[] {
  return Array.from({ length: WORKERS }, (_, index) => ({
    side: index < WORKERS / 2 ? "prefill" as const : "decode" as const,
    workerId: `w${index}`,
    dpRank: 0,
    scheduledPrefillTokens: 2000 + (index * 37 + tick) % 6000,
    queuedPrefillTokens: (index * 53 + tick) % 4000,
    scheduledDecodeKvTokens: 1000 + (index * 91 + tick * 7) % 90_000,
    queuedDecodeKvTokens: 0,
    scheduledRequests: 8,
    queuedRequests: 0,
    wallTimeMs: 20 + index % 13,
    contextLengthTokens: 40_000,
    kvCapacityTokens: 400_000,
    maxBatchedTokens: 8192,
  }));
}

const side = (replicas: number) => ({
  targetReplicas: replicas,
  readyReplicas: replicas,
  startingReplicas: 0,
  rollout: "settled" as const,
  gpusPerReplica: 1,
});

function live(tick: number, loads: EngineLoad[] | undefined): LiveSignals {
  return {
    ttftMs: 300 + tick % 100,
    itlMs: 20,
    requestDurationMs: undefined,
    tokensPerSecond: 1000,
    kvHitRate: undefined,
    acceptLength: undefined,
    drawWatts: { prefill: 500, decode: 400 },
    totalDrawWatts: undefined,
    prefillActive: true,
    decodeActive: true,
    engines: loads,
  };
}

function run(model: CapacityModel, ticks: number, withEngines: boolean) {
  let state = initialState(config.optimizer.initialCoefficients);
  const times: number[] = [];
  const loads = withEngines ? engines(0) : undefined;
  for (let tick = 0; tick < ticks; tick++) {
    const throughput = tick % 36 === 0;
    const before = performance.now();
    state = decide(state, {
      nowMs: tick * 5000,
      due: { throughput, load: true },
      observation: {
        atMs: tick * 5000,
        windowSeconds: throughput ? 180 : 5,
        requests: 180 * (200 + 100 * Math.sin(tick / 500)),
        islTokens: 3000,
        oslTokens: 250,
        live: live(tick, loads),
      },
      inventory: {
        prefill: side(WORKERS / 2),
        decode: side(WORKERS / 2),
      },
      config,
      model,
    }).state;
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return { times, bytes: JSON.stringify(state).length };
}

const opener = await openEstimators();
const { model } = await openModel(
  config,
  (space) => searchWith(opener)({ ...space, databaseMode: "ROOFLINE" }),
);
const at = (times: number[], share: number) =>
  (times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(2);
run(model, 50, true);
const wide = run(model, 500, true);
console.log(
  `tick, ${WORKERS} workers: median ${at(wide.times, 0.5)} ms, p99 ${
    at(wide.times, 0.99)
  } ms, longest ${at(wide.times, 1)} ms`,
);
let heap = 0;
for (const ticks of [10_000, 10_000, 10_000]) {
  const { times, bytes } = run(model, ticks, true);
  const used = Deno.memoryUsage();
  console.log(
    `${ticks} ticks: median ${at(times, 0.5)} ms, state ${
      (bytes / 1024).toFixed(0)
    } KiB, heap ${(used.heapUsed / 2 ** 20).toFixed(0)} MiB${
      heap === 0
        ? ""
        : ` (× ${(used.heapUsed / heap).toFixed(2)} of the run before)`
    }, RSS ${(used.rss / 2 ** 20).toFixed(0)} MiB`,
  );
  heap = used.heapUsed;
}
