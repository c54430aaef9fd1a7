/** What a source sees of the world in one window, with the noise that measuring has. @module */

import type { SimulatedSide } from "../cluster/mod.ts";
import { nearlyNormal, type Random } from "../random.ts";
import type { FluidStep } from "./fluid_engines.ts";

/** Load of one engine, as its forward-pass metrics say. */
export interface MeasuredEngine {
  readonly side: SimulatedSide;
  readonly workerId: string;
  readonly dpRank: number;
  readonly scheduledPrefillTokens: number;
  readonly queuedPrefillTokens: number;
  readonly scheduledDecodeKvTokens: number;
  readonly queuedDecodeKvTokens: number;
  readonly scheduledRequests: number;
  readonly queuedRequests: number;
  readonly wallTimeMs: number;
  readonly contextLengthTokens: number | undefined;
  readonly kvCapacityTokens: number | undefined;
  readonly maxBatchedTokens: number | undefined;
}

/** One window; an observation of the planner has the same shape. */
export interface Measurement {
  readonly atMs: number;
  readonly windowSeconds: number;
  readonly requests: number;
  readonly islTokens: number | undefined;
  readonly oslTokens: number | undefined;
  readonly live: {
    readonly ttftMs: number | undefined;
    readonly itlMs: number | undefined;
    readonly requestDurationMs: number | undefined;
    readonly tokensPerSecond: number | undefined;
    readonly kvHitRate: number | undefined;
    readonly acceptLength: number | undefined;
    readonly drawWatts: Readonly<Partial<Record<SimulatedSide, number>>>;
    readonly totalDrawWatts: number;
    readonly prefillActive: boolean;
    readonly decodeActive: boolean;
    readonly engines: readonly MeasuredEngine[];
  };
}

/** Draw of one side's GPUs in one step. */
export interface SideDraw {
  readonly side: SimulatedSide;
  /** GPUs whose engines serve, and their watts. */
  readonly gpus: number;
  readonly watts: number;
  /** Watts of those that load. */
  readonly loadingWatts: number;
}

/** Adds up steps until somebody looks. */
export class Meter {
  #sinceMs = 0;
  #seconds = 0;
  #arrived = 0;
  #islWeighted = 0;
  #oslWeighted = 0;
  #first = 0;
  #ttftWeighted = 0;
  #tokens = 0;
  #itlWeighted = 0;
  #prefilled = 0;
  #prompts = 0;
  #cached = 0;
  readonly #draw = new Map<SimulatedSide, { watts: number; gpus: number }>();
  #joules = 0;
  totalJoules = 0;
  totalTokens = 0;
  totalRequests = 0;

  add(step: FluidStep, what: {
    readonly seconds: number;
    readonly islTokens: number;
    readonly oslTokens: number;
    readonly draws: readonly SideDraw[];
  }): void {
    const { seconds } = what;
    const islTokens = step.islTokens ?? what.islTokens;
    const oslTokens = step.oslTokens ?? what.oslTokens;
    this.#seconds += seconds;
    this.#arrived += step.arrived;
    this.#islWeighted += step.arrived * islTokens;
    this.#oslWeighted += step.arrived * oslTokens;
    if (step.ttftMs !== undefined) {
      const served = step.firstTokens ??
        step.prefilledTokens / Math.max(1, islTokens);
      this.#first += served;
      this.#ttftWeighted += step.ttftMs * served;
    }
    if (step.itlMs !== undefined) {
      this.#itlWeighted += step.itlMs * step.decodedTokens;
    }
    this.#tokens += step.decodedTokens;
    this.#prefilled += step.prefilledTokens;
    this.#prompts += step.promptTokens ?? 0;
    this.#cached += step.cachedTokens ?? 0;
    for (const { side, gpus, watts, loadingWatts } of what.draws) {
      const known = this.#draw.get(side) ?? { watts: 0, gpus: 0 };
      this.#draw.set(side, {
        watts: known.watts + watts * seconds,
        gpus: known.gpus + gpus * seconds,
      });
      this.#joules += (watts + loadingWatts) * seconds;
      this.totalJoules += (watts + loadingWatts) * seconds;
    }
    this.totalTokens += step.decodedTokens;
    this.totalRequests += step.completed;
  }

  /** The window since the last look. */
  take(
    atMs: number,
    { random, noise, engines }: {
      readonly random: Random;
      /** Relative deviation of every measured value. */
      readonly noise: number;
      readonly engines: readonly MeasuredEngine[];
    },
  ): Measurement {
    const seconds = this.#seconds;
    const noisy = (value: number) =>
      Math.max(0, value * (1 + noise * nearlyNormal(random)));
    const mean = (sum: number, weight: number) =>
      weight > 0 ? noisy(sum / weight) : undefined;
    const ttftMs = mean(this.#ttftWeighted, this.#first);
    const itlMs = mean(this.#itlWeighted, this.#tokens);
    const osl = this.#arrived > 0
      ? this.#oslWeighted / this.#arrived
      : undefined;
    const drawWatts: Partial<Record<SimulatedSide, number>> = {};
    for (const [side, { watts, gpus }] of this.#draw) {
      if (gpus > 0) drawWatts[side] = noisy(watts / gpus);
    }
    const measurement: Measurement = {
      atMs,
      windowSeconds: (atMs - this.#sinceMs) / 1000,
      requests: Math.round(this.#arrived),
      islTokens: this.#arrived > 0
        ? this.#islWeighted / this.#arrived
        : undefined,
      oslTokens: osl,
      live: {
        ttftMs,
        itlMs,
        requestDurationMs: ttftMs === undefined || itlMs === undefined
          ? undefined
          : ttftMs + itlMs * Math.max(0, (osl ?? 1) - 1),
        tokensPerSecond: seconds > 0 ? this.#tokens / seconds : undefined,
        kvHitRate: this.#prompts > 0 ? this.#cached / this.#prompts : undefined,
        acceptLength: undefined,
        drawWatts,
        totalDrawWatts: seconds > 0 ? noisy(this.#joules / seconds) : 0,
        prefillActive: this.#prefilled > 0,
        decodeActive: this.#tokens > 0,
        engines,
      },
    };
    this.#sinceMs = atMs;
    this.#seconds = this.#arrived = this.#islWeighted = 0;
    this.#oslWeighted = this.#first = this.#ttftWeighted = 0;
    this.#prompts = this.#cached = 0;
    this.#tokens =
      this.#itlWeighted =
      this.#prefilled =
      this.#joules =
        0;
    this.#draw.clear();
    return measurement;
  }
}
