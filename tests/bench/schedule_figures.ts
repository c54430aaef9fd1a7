/**
 * Speed of the simulator at loop resolution: simulated hours of a 64-GPU fleet a minute of one core, searches in it, random
 * schedules a second, and what many of them in one process leave behind.
 *
 *   deno run -A --v8-flags=--expose-gc tests/bench/schedule_figures.ts [SCHEDULES]
 *
 * @module
 */

import process from "node:process";
import {
  builtInDay,
  openBuiltIn,
  policyOf,
  runPolicy,
  USUAL_PEAK_REQUESTS_PER_SECOND,
  usualDeployment,
} from "../../proof/policies/mod.ts";
import { generateSchedule, runSchedule } from "../../proof/schedules/mod.ts";

const HOURS = 48;
const RUNS = 5;
const BLOCK = 250;
const MEMORY_EVERY = 10_000;
const [count = "20000"] = Deno.args;
const MOST = Number(count);

await loopResolution();
await schedules();

/** Days of the usual deployment under the planner; the first run warms the compiler up and is shown apart. */
async function loopResolution(): Promise<void> {
  const config = usualDeployment();
  const opened = await openBuiltIn(config);
  const { model } = opened;
  const searchMs: number[] = [];
  const timed: typeof model = {
    ...model,
    searchFleet(question) {
      const started = performance.now();
      const answer = model.searchFleet(question);
      searchMs.push(performance.now() - started);
      return answer;
    },
  };
  const runs: { readonly wall: number; readonly core: number }[] = [];
  for (let seed = 0; seed <= RUNS; seed++) {
    if (seed === 1) searchMs.length = 0;
    const spent = stopwatch();
    await runPolicy({
      policy: policyOf("wattkeeper", config, timed),
      budgetWatts: config.power?.budgetWatts ?? 0,
      opened,
      traffic: builtInDay({
        seed,
        peakRequestsPerSecond: USUAL_PEAK_REQUESTS_PER_SECOND,
      }),
      resolution: "loop",
      seed,
      seconds: HOURS * 3600,
      leadInSeconds: 0,
    });
    const { wallMs, coreMs } = spent();
    runs.push({
      wall: HOURS / (wallMs / 60_000),
      core: HOURS / (coreMs / 60_000),
    });
  }
  const [cold, ...warm] = runs;
  const rates = (pick: (run: (typeof runs)[number]) => number) =>
    `${whole(median(warm.map(pick)))} (${whole(Math.min(...warm.map(pick)))}–${
      whole(Math.max(...warm.map(pick)))
    }; first run ${whole(cold ? pick(cold) : 0)})`;
  console.log(
    `Loop resolution, 64 GPUs, ${RUNS} runs of ${HOURS} simulated hours:
  ${
      rates(({ core }) => core)
    } simulated hours a minute of processor time, compiler's and collector's threads included, wanted 1,000
  ${rates(({ wall }) => wall)} a minute on the clock
  ${searchMs.length} searches: median ${
      median(searchMs).toFixed(2)
    } ms, longest ${Math.max(...searchMs).toFixed(2)} ms, wanted at most 2`,
  );
}

/** Different schedules one after the other in this thread. */
async function schedules(): Promise<void> {
  const blocks: number[] = [];
  let [simulatedMs, checks] = [0, 0];
  const spent = stopwatch();
  let block = stopwatch();
  memory(0);
  for (let seed = 1; seed <= MOST; seed++) {
    const result = await runSchedule(generateSchedule(seed));
    if (result.violation) console.log(`Seed ${seed} breaks an invariant.`);
    simulatedMs += result.simulatedMs;
    checks += result.checks;
    if (seed % BLOCK === 0) {
      blocks.push(block().coreMs / BLOCK);
      block = stopwatch();
    }
    if (seed % MEMORY_EVERY === 0) memory(seed);
  }
  const { wallMs, coreMs } = spent();
  const hours = simulatedMs / 3.6e6;
  console.log(
    `${whole(MOST)} schedules, ${hours.toFixed(1)} simulated hours, ${
      whole(checks)
    } checks, ${(wallMs / 1000).toFixed(1)} s on the clock:
  ${
      (coreMs / MOST).toFixed(1)
    } ms of processor time a schedule; blocks of ${BLOCK}: first ${
      (blocks[0] ?? NaN).toFixed(1)
    }, median ${median(blocks).toFixed(1)} ms
  ${(MOST / (coreMs / 1000)).toFixed(0)} schedules a second and ${
      whole(hours / (coreMs / 60_000))
    } simulated hours a minute of one core`,
  );
}

/** What is live, after a collection where the engine lets us ask for one. */
function memory(done: number): void {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect === "function") collect();
  const { rss, heapUsed } = Deno.memoryUsage();
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  console.log(
    `${whole(done)} schedules: ${mib(heapUsed)} MiB live, ${
      mib(rss)
    } MiB resident`,
  );
}

function stopwatch(): () => {
  readonly wallMs: number;
  readonly coreMs: number;
} {
  const [from, started] = [process.cpuUsage(), performance.now()];
  return () => {
    const { user, system } = process.cpuUsage(from);
    return {
      wallMs: performance.now() - started,
      coreMs: (user + system) / 1000,
    };
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function whole(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}
