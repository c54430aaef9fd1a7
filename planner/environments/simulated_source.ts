/** Traffic, latencies, power and engine load of a simulated world, over any window. @module */

import type { Measurement, SimulatedWorld } from "../../simulator/mod.ts";
import type { LiveSignals, Observation, PerSide, Side } from "../core/mod.ts";
import type { ObservationRequest, TrafficSource } from "../sources/mod.ts";
import { withSourceFaults } from "./source_faults.ts";

/** Measurements that are kept at most: a day of load ticks. */
const MOST_KEPT = 20_000;

/**
 * Looks at the world; the windows of two cadences overlap, so what was measured is kept for the longest of them. Faults of
 * the source stand between what was measured and what is said.
 */
export class SimulatedSource implements TrafficSource {
  readonly name = "simulated world";
  readonly #world: SimulatedWorld;
  readonly #longestSeconds: number;
  #kept: Measurement[] = [];
  #lagMs = 0;

  constructor(world: SimulatedWorld, longestSeconds: number) {
    this.#world = world;
    this.#longestSeconds = longestSeconds;
  }

  observe(
    { atMs, windowSeconds }: ObservationRequest,
  ): Promise<Observation> {
    const now = this.#world.nowMs;
    const measured = this.#world.measure();
    if (measured.windowSeconds > 0) this.#kept.push(measured);
    const { faults } = this.#world;
    const lagMs = faults.all("prometheus_stale").reduce(
      (most, fault) => Math.max(most, fault.lagMs),
      0,
    );
    // What is kept for a source that lags is kept until nobody can ask for it any more.
    this.#lagMs = Math.max(this.#lagMs, lagMs);
    this.#kept = this.#kept.filter((one) =>
      one.atMs > now - this.#longestSeconds * 1000 - this.#lagMs
    ).slice(-MOST_KEPT);
    const seen = (untilMs: number): Observation => {
      const window = this.#kept.filter((one) =>
        one.atMs > untilMs - windowSeconds * 1000 + 1 && one.atMs <= untilMs
      );
      return window.length === 0
        ? {
          atMs,
          windowSeconds,
          requests: undefined,
          islTokens: undefined,
          oslTokens: undefined,
        }
        : { ...sumOf(window), atMs, live: liveOf(window) };
    };
    return Promise.resolve(withSourceFaults(faults, seen(now), {
      stale: lagMs > 0 ? seen(now - lagMs) : undefined,
      name: this.name,
    }));
  }
}

/** Requests and lengths of consecutive measurements as one window. */
function sumOf(window: readonly Measurement[]) {
  const requests = window.reduce((sum, one) => sum + one.requests, 0);
  return {
    windowSeconds: Math.round(
      window.reduce((sum, one) => sum + one.windowSeconds, 0) * 1000,
    ) / 1000,
    requests,
    islTokens: mean(window, (one) => one.islTokens, (one) => one.requests),
    oslTokens: mean(window, (one) => one.oslTokens, (one) => one.requests),
  };
}

function liveOf(window: readonly Measurement[]): LiveSignals {
  const byRequests = (one: Measurement) => one.requests;
  const bySeconds = (one: Measurement) => one.windowSeconds;
  const byTokens = (one: Measurement) =>
    (one.live.tokensPerSecond ?? 0) * one.windowSeconds;
  const last = window.at(-1);
  const draw = (side: Side) =>
    mean(window, (one) => one.live.drawWatts[side], bySeconds);
  return {
    ttftMs: mean(window, (one) => one.live.ttftMs, byRequests),
    itlMs: mean(window, (one) => one.live.itlMs, byTokens),
    requestDurationMs: mean(
      window,
      (one) => one.live.requestDurationMs,
      byRequests,
    ),
    tokensPerSecond: mean(
      window,
      (one) => one.live.tokensPerSecond,
      bySeconds,
    ),
    kvHitRate: last?.live.kvHitRate,
    acceptLength: last?.live.acceptLength,
    drawWatts: known({
      prefill: draw("prefill"),
      decode: draw("decode"),
      agg: draw("agg"),
    }),
    totalDrawWatts: mean(window, (one) => one.live.totalDrawWatts, bySeconds),
    prefillActive: window.some(({ live }) => live.prefillActive),
    decodeActive: window.some(({ live }) => live.decodeActive),
    engines: last?.live.engines,
  };
}

function mean(
  window: readonly Measurement[],
  value: (one: Measurement) => number | undefined,
  weight: (one: Measurement) => number,
): number | undefined {
  let [sum, weights] = [0, 0];
  for (const one of window) {
    const found = value(one);
    if (found === undefined) continue;
    sum += found * weight(one);
    weights += weight(one);
  }
  return weights > 0 ? sum / weights : undefined;
}

function known(
  values: Readonly<Record<Side, number | undefined>>,
): PerSide<number> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  );
}
