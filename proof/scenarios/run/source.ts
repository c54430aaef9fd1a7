/** The simulated Prometheus: all that the planner sees of traffic, latency and power, with noise and crossed windows (T4). @module */

import type {
  LiveSignals,
  Observation,
  ObservationRequest,
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
}

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
    const told = this.#told(this.#measured(seen));
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

  /** What the product's source would call stale has no value at all (P82). */
  #told(observation: Observation): Observation {
    let told = observation;
    for (
      const { lagMs, signals = ALL } of this.#options.active.all(
        "prometheus_stale",
      )
    ) {
      if (lagMs <= STALE_MS) continue;
      told = without(told, signals);
      told = {
        ...told,
        problems: [...(told.problems ?? []), {
          kind: "stale",
          what: this.name,
          message: `The newest sample is ${lagMs / 1000} s old.`,
        }],
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

/** The same without the values of some signals. */
function without(
  observation: Observation,
  signals: readonly SourceSignal[],
): Observation {
  const has = (signal: SourceSignal) => signals.includes(signal);
  const { live } = observation;
  const { prefill, decode, agg } = live?.drawWatts ?? {};
  const power = has("power_prefill") || has("power_decode");
  return {
    ...observation,
    ...(has("requests")
      ? { requests: undefined, islTokens: undefined, oslTokens: undefined }
      : {}),
    ...(live
      ? {
        live: {
          ...live,
          ...(has("ttft") ? { ttftMs: undefined } : {}),
          ...(has("itl") ? { itlMs: undefined } : {}),
          ...(has("capacity") ? { tokensPerSecond: undefined } : {}),
          ...(has("engines") ? { engines: undefined } : {}),
          drawWatts: {
            ...(prefill !== undefined && !has("power_prefill")
              ? { prefill }
              : {}),
            ...(decode !== undefined && !has("power_decode") ? { decode } : {}),
            ...(agg !== undefined && !power ? { agg } : {}),
          },
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
