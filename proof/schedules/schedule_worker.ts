/** Runs schedules in a Web Worker: a seed in, what became of it out. @module */

import { generateSchedule } from "./generate.ts";
import { runSchedule } from "./run_schedule.ts";
import type { SeedResult } from "./run_many.ts";

/** The messages of a worker's side. */
interface WorkerSide {
  onmessage: ((event: { readonly data: number }) => void) | null;
  postMessage(message: SeedResult): void;
}

// The global of a worker is typed as a page's.
const self = globalThis as unknown as WorkerSide;

self.onmessage = async ({ data: seed }) => {
  const result = await runSchedule(generateSchedule(seed));
  self.postMessage({ seed, ...result });
};
