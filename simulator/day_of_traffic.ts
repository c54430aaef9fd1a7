/** A day of requests: night, a morning peak, a lunch dip, an evening peak, and bursts. @module */

import { nearlyNormal, type Random, seededRandom } from "./random.ts";

/** One window of the day. */
export interface TrafficOfWindow {
  /** Begin of the window, seconds after midnight. */
  readonly atSeconds: number;
  readonly requests: number;
  /** Mean input tokens of a request. */
  readonly islTokens: number;
  /** Mean output tokens of a request. */
  readonly oslTokens: number;
}

/** What kind of day. */
export interface DayOptions {
  readonly seed: number;
  readonly windowSeconds: number;
  /** Requests per second of the highest hour, bursts aside. */
  readonly peakRequestsPerSecond: number;
}

/** Share of the peak at each full hour; between them it is linear. */
const SHARE_BY_HOUR = [
  ...[0.24, 0.18, 0.14, 0.12, 0.12, 0.15, 0.24, 0.42],
  ...[0.68, 0.92, 1.00, 0.94, 0.70, 0.66, 0.80, 0.86],
  ...[0.82, 0.74, 0.72, 0.84, 0.96, 0.88, 0.62, 0.38],
];
/** Prompts are longest in working hours, answers in the evening. */
const ISL_BY_HOUR = [
  ...[2400, 2300, 2200, 2200, 2200, 2300, 2500, 2800],
  ...[3100, 3300, 3400, 3400, 3200, 3200, 3300, 3400],
  ...[3300, 3200, 3000, 2800, 2700, 2600, 2600, 2500],
];
const OSL_BY_HOUR = [
  ...[300, 300, 290, 280, 280, 270, 260, 250],
  ...[240, 230, 230, 230, 240, 240, 230, 230],
  ...[240, 250, 270, 300, 320, 330, 320, 310],
];

const BURSTS = 10;
const SECONDS_OF_DAY = 86_400;

/** The windows of one day, preceded by the last one of the day before. Deterministic in its options. */
export function dayOfTraffic(options: DayOptions): readonly TrafficOfWindow[] {
  const { windowSeconds, peakRequestsPerSecond } = options;
  const random = seededRandom(options.seed);
  const count = Math.floor(SECONDS_OF_DAY / windowSeconds);
  const bursts = burstFactors(count, random);
  const windows: TrafficOfWindow[] = [];
  for (let index = -1; index < count; index++) {
    const atSeconds = index * windowSeconds;
    const mean = peakRequestsPerSecond * windowSeconds *
      byHour(SHARE_BY_HOUR, atSeconds) * (bursts[index] ?? 1);
    windows.push({
      atSeconds,
      requests: Math.max(
        0,
        Math.round(mean + Math.sqrt(mean) * 2 * nearlyNormal(random)),
      ),
      islTokens: byHour(ISL_BY_HOUR, atSeconds) *
        (1 + 0.03 * nearlyNormal(random)),
      oslTokens: byHour(OSL_BY_HOUR, atSeconds) *
        (1 + 0.03 * nearlyNormal(random)),
    });
  }
  return windows;
}

/** A table of hours, linear in between, closed over midnight. */
function byHour(values: readonly number[], atSeconds: number): number {
  const hours = ((atSeconds / 3600) % 24 + 24) % 24;
  const before = Math.floor(hours);
  const from = values[before] ?? 0;
  const to = values[(before + 1) % 24] ?? 0;
  return from + (to - from) * (hours - before);
}

/** Factors of a few bursts of 6 to 15 minutes, up to half as much again. */
function burstFactors(count: number, random: Random): number[] {
  const factors = Array.from({ length: count }, () => 1);
  for (let burst = 0; burst < BURSTS; burst++) {
    const start = Math.floor(random() * count);
    const length = 2 + Math.floor(random() * 4);
    const factor = 1.15 + random() * 0.35;
    for (let index = start; index < Math.min(count, start + length); index++) {
      factors[index] = factor;
    }
  }
  return factors;
}
