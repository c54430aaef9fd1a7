/** Makes a failing schedule small: fewer faults, then a smaller fleet, then plainer numbers; bounded (delta debugging). @module */

import type { Fault } from "../../simulator/mod.ts";
import { type RunResult, runSchedule } from "./run_schedule.ts";
import type { Schedule, ScheduledFleet } from "./schedule.ts";

/** A schedule that still fails in the same way. */
export interface Shrunk {
  readonly schedule: Schedule;
  readonly result: RunResult;
  /** Runs that it took. */
  readonly runs: number;
}

/** Runs that shrinking may take. */
const MOST_RUNS = 150;

/**
 * Shrinks a schedule.
 *
 * @param failed its run, with a violation
 */
export async function shrinkSchedule(
  schedule: Schedule,
  failed: RunResult,
  { mostRuns = MOST_RUNS, signal }: {
    readonly mostRuns?: number;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Shrunk> {
  const invariant = failed.violation?.invariant;
  let best: Shrunk = { schedule, result: failed, runs: 0 };
  let runs = 0;
  const attempt = async (smaller: Schedule): Promise<boolean> => {
    if (runs >= mostRuns || signal?.aborted) return false;
    runs++;
    const result = await runSchedule(smaller);
    if (result.violation?.invariant !== invariant) return false;
    best = { schedule: smaller, result, runs };
    return true;
  };
  await fewerFaults(() => best.schedule, attempt);
  let again = true;
  while (again) {
    again = false;
    for (const smaller of plainer(best.schedule)) {
      if (await attempt(smaller)) {
        again = true;
        break;
      }
    }
  }
  return { ...best, runs };
}

/** ddmin over the faults: chunks are left out, ever smaller ones. */
async function fewerFaults(
  best: () => Schedule,
  attempt: (smaller: Schedule) => Promise<boolean>,
): Promise<void> {
  let chunk = Math.max(1, Math.ceil(best().faults.length / 2));
  while (best().faults.length > 0) {
    let removed = false;
    for (let from = 0; from < best().faults.length;) {
      const { faults } = best();
      const rest = [...faults.slice(0, from), ...faults.slice(from + chunk)];
      if (await attempt({ ...best(), faults: rest })) removed = true;
      else from += chunk;
    }
    if (chunk === 1 && !removed) return;
    chunk = chunk === 1 ? 1 : Math.ceil(chunk / 2);
  }
}

/** One step plainer, the greatest first. */
function* plainer(schedule: Schedule): Generator<Schedule> {
  const { fleet, traffic } = schedule;
  const withFleet = (change: Partial<Schedule["fleet"]>): Schedule => ({
    ...schedule,
    fleet: { ...fleet, ...change },
  });
  if (fleet.strangers > 0) yield withFleet({ strangers: 0 });
  if (fleet.loadScaling) yield withFleet({ loadScaling: false });
  if (fitsOneNodeLess(fleet)) yield withFleet({ nodes: fleet.nodes - 1 });
  if (fleet.podsPerReplica > 1) yield withFleet({ podsPerReplica: 1 });
  if (fleet.floor > 1) yield withFleet({ floor: 1 });
  if (traffic.rates.length > 1) {
    yield {
      ...schedule,
      traffic: { ...traffic, rates: traffic.rates.slice(0, -1) },
    };
  }
  if (schedule.reorderMs > 0) yield { ...schedule, reorderMs: 0 };
  if (schedule.answerMs > 0) yield { ...schedule, answerMs: 0 };
  const { secret } = schedule;
  if (Object.values(secret).some((factor) => factor !== 1)) {
    yield {
      ...schedule,
      secret: { ttft: 1, itl: 1, powerPrefill: 1, powerDecode: 1 },
    };
  }
  for (const [index, fault] of schedule.faults.entries()) {
    const shorter = halved(fault);
    if (!shorter) continue;
    yield { ...schedule, faults: schedule.faults.with(index, shorter) };
  }
}

/** The most replicas, and one to surge to, still have their GPUs: a fleet without would fail in a way of its own. */
function fitsOneNodeLess(
  { nodes, strangers, gpusPerNode, gpusPerReplica, maxGpus }: ScheduledFleet,
): boolean {
  const slots = (nodes - 1) * Math.floor(gpusPerNode / gpusPerReplica);
  return nodes > 1 && strangers < nodes &&
    slots - strangers > Math.floor(maxGpus / gpusPerReplica);
}

/** Half as long, in whole seconds. */
function halved(fault: Fault): Fault | undefined {
  const { durationMs } = fault;
  if (durationMs === undefined || durationMs < 4_000) return undefined;
  return { ...fault, durationMs: Math.floor(durationMs / 2_000) * 1_000 };
}
