/** Two cadences on one clock: when throughput and load are due (P13, P15). Pure. @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { Due } from "../core/mod.ts";

/** When each kind is due next, milliseconds; undefined: that kind is off. */
export interface Schedule {
  readonly throughputMs: number | undefined;
  readonly loadMs: number | undefined;
}

/** What a look at the clock gives. */
export interface DueNow {
  readonly due: Due;
  readonly schedule: Schedule;
  /** Ticks whose time passed without one, because something took longer than an interval. */
  readonly missed: number;
}

/**
 * The schedule of a start: everything is due at once. A source that remembers (Prometheus) has the last window already;
 * one that does not says so, and the targets hold. Waiting an interval would leave a fleet without a planner.
 */
export function firstSchedule(config: PlannerConfig, nowMs: number): Schedule {
  return {
    throughputMs: config.throughputScaling ? nowMs : undefined,
    loadMs: config.loadScaling ? nowMs : undefined,
  };
}

/**
 * What is due, and the schedule after it. Times are kept on the grid of the start; those that passed are dropped, not
 * caught up with.
 */
export function takeDue(
  schedule: Schedule,
  nowMs: number,
  config: PlannerConfig,
): DueNow {
  const throughput = advance(
    config.throughputScaling ? schedule.throughputMs ?? nowMs : undefined,
    config.throughputIntervalSeconds * 1000,
    nowMs,
  );
  const load = advance(
    config.loadScaling ? schedule.loadMs ?? nowMs : undefined,
    config.loadIntervalSeconds * 1000,
    nowMs,
  );
  return {
    due: { throughput: throughput.due, load: load.due },
    schedule: { throughputMs: throughput.nextMs, loadMs: load.nextMs },
    missed: throughput.missed + load.missed,
  };
}

/** Milliseconds until the next kind is due; never negative. */
export function untilDue(schedule: Schedule, nowMs: number): number {
  const next = Math.min(
    schedule.throughputMs ?? Infinity,
    schedule.loadMs ?? Infinity,
  );
  return Math.max(0, next - nowMs);
}

function advance(
  dueMs: number | undefined,
  intervalMs: number,
  nowMs: number,
): { due: boolean; nextMs: number | undefined; missed: number } {
  if (dueMs === undefined) return { due: false, nextMs: undefined, missed: 0 };
  if (nowMs < dueMs) {
    // A shorter interval from a reload takes effect at once.
    return {
      due: false,
      nextMs: Math.min(dueMs, nowMs + intervalMs),
      missed: 0,
    };
  }
  const passed = Math.floor((nowMs - dueMs) / intervalMs);
  return {
    due: true,
    nextMs: dueMs + (passed + 1) * intervalMs,
    missed: passed,
  };
}
