/**
 * The planner's figures: CPU of a tick with 1,000 worker pods, resident memory, growth over 10,000 ticks. Prints; judges
 * nothing.
 *
 * `deno run -A tests/bench/planner_figures.ts`: the real loop, core, search, ledger, metrics, stream and decisions file, over a
 * fleet in this process that does at once what it is told. Time is virtual: a tick is due when the last one is done.
 *
 * @module
 */

import process from "node:process";
import { openEstimators } from "../../optimizer-wasm/mod.ts";
import {
  openDecisionLog,
  type OpenedModel,
  openModel,
  searchWith,
} from "../../planner/mod.ts";
import { parsePlannerConfig } from "../../planner/config/mod.ts";
import { WorldClock } from "../../planner/environments/mod.ts";
import {
  PLANNER_BRAIN,
  PlannerLoop,
  recordJson,
  Settings,
} from "../../planner/loop/mod.ts";
import { PlanServer } from "../../planner/serve/mod.ts";
import { HeapKeeper } from "../../service/mod.ts";
import { ThousandPods, thousandPodsConfig } from "./thousand_pods.ts";

const TICKS = Number(Deno.args[0] ?? 10_000);
const WARM_UP_TICKS = 50;
const PODS = { prefill: 600, decode: 400 };
const INTERVAL_SECONDS = 60;

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const quantile = (values: readonly number[], q: number) =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * q))
  ] ?? NaN;

async function main(): Promise<void> {
  const { config } = parsePlannerConfig({
    text: thousandPodsConfig(INTERVAL_SECONDS),
    name: "bench",
  });
  const opener = await openEstimators();
  const opened: OpenedModel = await openModel(config, searchWith(opener));
  let nowMs = 0;
  const clock = new WorldClock({
    get nowMs() {
      return nowMs;
    },
    advance: (milliseconds) => void (nowMs += milliseconds),
  }, 1_800_000_000_000);
  const fleet = new ThousandPods(clock, PODS);
  const settings = new Settings(config, opened.model);
  let observed = 0;
  const loop = new PlannerLoop({
    clock,
    fleet,
    settings,
    brain: PLANNER_BRAIN,
    // One look a tick: 10,000 ticks are a week, and a look a second would be 600,000 of the same.
    times: { lookMs: INTERVAL_SECONDS * 1000 },
    source: {
      name: "bench",
      observe: ({ atMs, windowSeconds }) => {
        // Up and down, so that targets move and searches are made.
        observed++;
        const rate = 900 + 300 * Math.sin(observed / 7);
        return Promise.resolve({
          atMs,
          windowSeconds,
          requests: rate * windowSeconds,
          islTokens: 3000 + 200 * Math.sin(observed / 11),
          oslTokens: 250 + 20 * Math.cos(observed / 13),
        });
      },
    },
  });
  const server = new PlanServer({ loop });
  const path = await Deno.makeTempFile();
  const decisions = await openDecisionLog(path);
  let failed = 0;
  const heapKeeper = new HeapKeeper();
  loop.listen((event) => {
    if (event.kind === "decided") {
      heapKeeper.check();
      decisions.offer(recordJson(event.record), (e) => e && failed++);
    }
  });
  const stopping = new AbortController();
  const running = loop.run(stopping.signal);

  const tick = async () =>
    await clock.runTo(clock.now() + INTERVAL_SECONDS * 1000);
  console.log(
    `${fleet.pods} worker pods on ${
      fleet.pods / 8
    } nodes, one GPU each; built-in model, ${TICKS} ticks`,
  );
  for (let i = 0; i < WARM_UP_TICKS; i++) await tick();
  console.log(
    `after ${WARM_UP_TICKS} ticks: ${
      megabytes(Deno.memoryUsage().rss)
    } resident, ${fleet.writes} writes`,
  );
  const durations: number[] = [];
  const rss: number[] = [];
  const heap: number[] = [];
  let looks = 0;
  loop.listen((event) => {
    if (event.kind === "staged") looks++;
  });
  for (let i = 0; i < TICKS; i++) {
    const before = cpuMs();
    await tick();
    durations.push(cpuMs() - before);
    if (i % Math.max(1, Math.floor(TICKS / 20)) === 0) {
      await server.metrics.exposition();
      const { rss: resident, heapUsed } = Deno.memoryUsage();
      rss.push(resident);
      heap.push(heapUsed);
    }
  }
  const mean = durations.reduce((sum, ms) => sum + ms, 0) / TICKS;
  const list = (bytes: readonly number[]) =>
    bytes.map((value) => (value / 1e6).toFixed(0)).join(" ");
  console.log(
    `CPU of a tick (a decision with its search, ${
      (looks / TICKS).toFixed(1)
    } looks at the fleet with the ledger, metrics, records): mean ${
      mean.toFixed(1)
    } ms, p50 ${quantile(durations, 0.5).toFixed(1)} ms, p99 ${
      quantile(durations, 0.99).toFixed(1)
    } ms; wanted at most 50 ms`,
  );
  console.log(`Resident over the ticks: ${list(rss)} MB; wanted at most 200`);
  console.log(`Heap used over the ticks: ${list(heap)} MB`);
  console.log(
    `${loop.state.sequence} decisions, ${fleet.writes} writes, ${server.decisions.size} decisions kept, ${failed} lines failed`,
  );
  stopping.abort();
  await Promise.all([running, clock.runTo(clock.now() + 60_000)]);
  await server[Symbol.asyncDispose]();
  await decisions[Symbol.asyncDispose]();
  await Deno.remove(path);
}

if (import.meta.main) await main();
