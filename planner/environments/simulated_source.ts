/** Traffic, latencies, power and engine load of a simulated world, over any window. @module */

import type { Measurement, SimulatedWorld } from "../../simulator/mod.ts";
import type { LiveSignals, Observation, PerSide, Side } from "../core/mod.ts";
import type { ObservationRequest, TrafficSource } from "../sources/mod.ts";

/** Measurements that are kept at most: a day of load ticks. */
const MOST_KEPT = 20_000;

/** Looks at the world; the windows of two cadences overlap, so what was measured is kept for the longest of them. */
export class SimulatedSource implements TrafficSource {
  readonly name = "simulated world";
  readonly #world: SimulatedWorld;
  readonly #longestSeconds: number;
  #kept: Measurement[] = [];

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
    this.#kept = this.#kept.filter((one) =>
      one.atMs > now - this.#longestSeconds * 1000
    ).slice(-MOST_KEPT);
    const window = this.#kept.filter((one) =>
      one.atMs > now - windowSeconds * 1000 + 1
    );
    return Promise.resolve(
      window.length === 0
        ? {
          atMs,
          windowSeconds,
          requests: undefined,
          islTokens: undefined,
          oslTokens: undefined,
        }
        : { ...sumOf(window), atMs, live: this.#live(window) },
    );
  }

  #live(window: readonly Measurement[]): LiveSignals {
    const { caps, shares } = readBack(this.#world);
    return {
      ...liveOf(window),
      effectiveCapWatts: caps,
      powerCappedShare: shares,
    };
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

/** Caps and throttling as the agents' reports say, mean of each side's GPUs. */
function readBack(
  world: SimulatedWorld,
): { readonly caps: PerSide<number>; readonly shares: PerSide<number> } {
  const sideOf = new Map(
    world.api.pods().map(({ pod, side }) => [pod.uid, side]),
  );
  const sums = new Map<Side, { gpus: number; watts: number; share: number }>();
  for (const { gpus } of world.api.reports()) {
    for (const { pod, effectiveWatts, powerCappedShare } of gpus) {
      const side = pod && sideOf.get(pod.uid);
      if (side === undefined || effectiveWatts === undefined) continue;
      const sum = sums.get(side) ?? { gpus: 0, watts: 0, share: 0 };
      sum.gpus++;
      sum.watts += effectiveWatts;
      sum.share += powerCappedShare ?? 0;
      sums.set(side, sum);
    }
  }
  const each = (pick: "watts" | "share") =>
    Object.fromEntries(
      [...sums].map(([side, sum]) => [side, sum[pick] / sum.gpus]),
    );
  return { caps: each("watts"), shares: each("share") };
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
