/** The simulated Prometheus: all that the planner sees of traffic, latency and power; with noise, gaps, lags and lies (T4). @module */

import type {
  LiveSignals,
  Observation,
  ObservationRequest,
  SourceProblem,
  TrafficSource,
} from "../../../planner/mod.ts";
import type { ActiveFaults, SourceSignal } from "../../../simulator/mod.ts";
import type { NoiseBlock } from "../schema/mod.ts";
import { Noise } from "./noise.ts";

/** A power value that mixes the window before with this one. */
export interface WindowCross {
  readonly side: "prefill" | "decode";
  readonly weightOld: number;
}

/** What it looks with. */
export interface ScenarioSourceOptions {
  /** What really happens. */
  readonly truth: TrafficSource;
  readonly active: ActiveFaults;
  readonly noise: NoiseBlock;
  readonly seed: number;
  readonly nowMs: () => number;
}

/** Observations that are kept for a lag. */
const MOST_KEPT = 2_000;
/** Four scrapes of 15 s: the product's source calls anything older stale (P82). */
const STALE_MS = 60_000;

/** A {@linkcode TrafficSource} over the truth. */
export class ScenarioSource implements TrafficSource {
  readonly name = "simulated Prometheus";
  readonly #options: ScenarioSourceOptions;
  readonly #noise: Readonly<
    Record<"ttft" | "itl" | "prefill" | "decode" | "agg" | "capacity", Noise>
  >;
  #crosses: WindowCross[] = [];
  #lastDraw: LiveSignals["drawWatts"] = {};
  #kept: Observation[] = [];

  constructor(options: ScenarioSourceOptions) {
    this.#options = options;
    const { noise, seed } = options;
    const of = (model: NoiseBlock["ttft"], purpose: number) =>
      new Noise(model, seed * 8 + purpose);
    this.#noise = {
      ttft: of(noise.ttft, 0),
      itl: of(noise.itl, 1),
      prefill: of(noise.power_per_gpu, 2),
      decode: of(noise.power_per_gpu, 3),
      agg: of(noise.power_per_gpu, 4),
      capacity: of(noise.capacity, 5),
    };
  }

  /** The next window's power is partly the last one's. */
  cross(cross: WindowCross): void {
    this.#crosses.push(cross);
  }

  async observe(
    request: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation> {
    const seen = await this.#options.truth.observe(request, signal);
    const measured = this.#measured(seen);
    this.#kept.push(measured);
    this.#kept = this.#kept.slice(-MOST_KEPT);
    const told = this.#told(this.#lagged(measured, request));
    return { ...told, atMs: request.atMs, windowSeconds: seen.windowSeconds };
  }

  #measured(seen: Observation): Observation {
    const { live } = seen;
    if (!live) return seen;
    const noise = this.#noise;
    const on = (of: Noise, value: number | undefined) =>
      value === undefined ? undefined : of.on(value);
    const drawWatts = { ...live.drawWatts };
    for (const side of ["prefill", "decode", "agg"] as const) {
      const watts = drawWatts[side];
      if (watts !== undefined) drawWatts[side] = noise[side].on(watts);
    }
    for (const { side, weightOld } of this.#crosses.splice(0)) {
      const [before, now] = [this.#lastDraw[side], drawWatts[side]];
      if (before === undefined || now === undefined) continue;
      drawWatts[side] = weightOld * before + (1 - weightOld) * now;
    }
    this.#lastDraw = drawWatts;
    return {
      ...seen,
      live: {
        ...live,
        ttftMs: on(noise.ttft, live.ttftMs),
        itlMs: on(noise.itl, live.itlMs),
        tokensPerSecond: on(noise.capacity, live.tokensPerSecond),
        drawWatts,
      },
    };
  }

  /** Old values in place of new ones. What the product's source would call stale has no value at all. */
  #lagged(now: Observation, { atMs }: ObservationRequest): Observation {
    const [fault] = this.#options.active.all("prometheus_stale");
    if (!fault) return now;
    const old = this.#kept.findLast((one) => one.atMs <= atMs - fault.lagMs);
    if (fault.lagMs <= STALE_MS) return old ?? now;
    const lost = without(now, fault.signals ?? ALL);
    return {
      ...lost,
      problems: [
        ...(lost.problems ?? []),
        problem("stale", `The newest sample is ${fault.lagMs / 1000} s old.`),
      ],
    };
  }

  #told(observation: Observation): Observation {
    const { active } = this.#options;
    let told = observation;
    for (const { signals = ALL } of active.all("prometheus_down")) {
      told = without(told, signals);
      told = {
        ...told,
        problems: [
          ...(told.problems ?? []),
          problem("unreachable", `No answer for ${signals.join(", ")}.`),
        ],
      };
    }
    for (const { signals = ALL } of active.all("prometheus_nan")) {
      told = changed(told, signals, () => NaN);
    }
    for (const { signals = ALL, factor } of active.all("prometheus_lies")) {
      told = changed(told, signals, (value) => value * factor);
    }
    if (active.has("batched_tokens_unknown") && told.live?.engines) {
      told = {
        ...told,
        live: {
          ...told.live,
          engines: told.live.engines.map((engine) => ({
            ...engine,
            maxBatchedTokens: undefined,
          })),
        },
      };
    }
    return withActivity(told);
  }
}

const ALL: readonly SourceSignal[] = [
  "requests",
  "ttft",
  "itl",
  "power_prefill",
  "power_decode",
  "capacity",
  "engines",
];

function problem(
  kind: SourceProblem["kind"],
  message: string,
): SourceProblem {
  return { kind, what: "Prometheus", message };
}

function without(
  observation: Observation,
  signals: readonly SourceSignal[],
): Observation {
  return changed(observation, signals, () => undefined);
}

/** Every value of the named signals through a function. */
function changed(
  observation: Observation,
  signals: readonly SourceSignal[],
  change: (value: number) => number | undefined,
): Observation {
  const has = (signal: SourceSignal) => signals.includes(signal);
  const of = (isNamed: boolean, value: number | undefined) =>
    isNamed && value !== undefined ? change(value) : value;
  const { live } = observation;
  const drawWatts = { ...live?.drawWatts };
  for (const side of ["prefill", "decode", "agg"] as const) {
    const named = side === "prefill"
      ? has("power_prefill")
      : side === "decode"
      ? has("power_decode")
      : has("power_prefill") || has("power_decode");
    const value = of(named, drawWatts[side]);
    if (value === undefined) delete drawWatts[side];
    else drawWatts[side] = value;
  }
  return {
    ...observation,
    requests: of(has("requests"), observation.requests),
    islTokens: of(has("requests"), observation.islTokens),
    oslTokens: of(has("requests"), observation.oslTokens),
    ...(live
      ? {
        live: {
          ...live,
          ttftMs: of(has("ttft"), live.ttftMs),
          itlMs: of(has("itl"), live.itlMs),
          tokensPerSecond: of(has("capacity"), live.tokensPerSecond),
          drawWatts,
          totalDrawWatts: of(
            has("power_prefill") && has("power_decode"),
            live.totalDrawWatts,
          ),
          engines: has("engines") ? undefined : live.engines,
        },
      }
      : {}),
  };
}

/** What ran is read off what was counted, as the product's source does. */
function withActivity(observation: Observation): Observation {
  const { live, requests } = observation;
  if (!live) return observation;
  return {
    ...observation,
    live: {
      ...live,
      prefillActive: (requests ?? 0) > 0,
      decodeActive: (live.tokensPerSecond ?? 0) > 0,
    },
  };
}
