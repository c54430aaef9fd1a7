/** Many schedules, side by side in workers. The order of the seeds decides what is told, not who was first. @module */

import { generateSchedule } from "./generate.ts";
import { type RunResult, runSchedule } from "./run_schedule.ts";

/** What became of one seed. */
export interface SeedResult extends RunResult {
  readonly seed: number;
}

/** What to run. */
export interface ManyOptions {
  readonly firstSeed: number;
  readonly count: number;
  /** 1: in this thread. */
  readonly workers: number;
  /** No new schedule begins once so many have failed. */
  readonly mostFailures?: number;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, failed: number) => void;
}

/** What it came to. */
export interface ManyResult {
  /** Schedules that were run. */
  readonly count: number;
  readonly checks: number;
  readonly simulatedMs: number;
  /** Longest time from the last fault to rest, milliseconds. */
  readonly longestRestMs: number;
  /** In the order of their seeds. */
  readonly failures: readonly SeedResult[];
}

const MOST_FAILURES = 5;

/** Runs them. */
export async function runMany(options: ManyOptions): Promise<ManyResult> {
  const { firstSeed, count, workers, signal } = options;
  const mostFailures = options.mostFailures ?? MOST_FAILURES;
  const sum = new Sum();
  let next = firstSeed;
  const take = (): number | undefined =>
    next >= firstSeed + count || signal?.aborted ||
      sum.failures.length >= mostFailures
      ? undefined
      : next++;
  const told = (result: SeedResult) => {
    sum.add(result);
    options.progress?.(sum.count, sum.failures.length);
  };
  await Promise.all(
    Array.from(
      { length: Math.max(1, Math.min(workers, count)) },
      () => workers > 1 ? inWorker(take, told) : inThread(take, told),
    ),
  );
  return sum.result();
}

/** Adds up; the same whatever the order. */
class Sum {
  readonly failures: SeedResult[] = [];
  count = 0;
  #checks = 0;
  #simulatedMs = 0;
  #longestRestMs = 0;

  add(result: SeedResult): void {
    this.count++;
    this.#checks += result.checks;
    this.#simulatedMs += result.simulatedMs;
    this.#longestRestMs = Math.max(
      this.#longestRestMs,
      result.restedAfterMs ?? 0,
    );
    if (result.violation) this.failures.push(result);
  }

  result(): ManyResult {
    return {
      count: this.count,
      checks: this.#checks,
      simulatedMs: this.#simulatedMs,
      longestRestMs: this.#longestRestMs,
      failures: this.failures.sort((a, b) => a.seed - b.seed),
    };
  }
}

async function inThread(
  take: () => number | undefined,
  told: (result: SeedResult) => void,
): Promise<void> {
  for (let seed = take(); seed !== undefined; seed = take()) {
    told({ seed, ...await runSchedule(generateSchedule(seed)) });
  }
}

async function inWorker(
  take: () => number | undefined,
  told: (result: SeedResult) => void,
): Promise<void> {
  const worker = new Worker(
    new URL("./schedule_worker.ts", import.meta.url).href,
    { type: "module" },
  );
  try {
    for (let seed = take(); seed !== undefined; seed = take()) {
      told(await answerOf(worker, seed));
    }
  } finally {
    worker.terminate();
  }
}

function answerOf(worker: Worker, seed: number): Promise<SeedResult> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<SeedResult>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Schedule ${seed} threw: ${event.message}`));
    };
    worker.postMessage(seed);
  });
}
