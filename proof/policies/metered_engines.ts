/** Engines with a meter between them and the world: what requests came to, whatever the resolution. @module */

import {
  type Arrivals,
  type Engines,
  type FluidStep,
  type LatencyTargets,
  type Replica,
  RequestEngines,
} from "../../simulator/mod.ts";

/** Sums over requests since the meter was cleared. Tokens are output tokens. */
export interface ServedSums {
  readonly seconds: number;
  readonly arrived: number;
  readonly askedTokens: number;
  readonly completed: number;
  readonly servedTokens: number;
  /** Within both latency targets: each request by itself, or the means of each step of a fluid. */
  readonly inTime: number;
  readonly inTimeTokens: number;
  readonly gaveUp: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly ttftMs: LatencyFigures;
  readonly itlMs: LatencyFigures;
  readonly e2eMs: LatencyFigures;
}

/** Milliseconds; a fluid has means only. */
export interface LatencyFigures {
  readonly mean: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

/** Which sums are asked for: of the whole count, or since the last sample. */
type Which = "totals" | "recent";

/** Passes everything on and adds up. */
export class MeteredEngines implements Engines {
  readonly #engines: Engines;
  readonly #targets: LatencyTargets;
  readonly #fluid: Readonly<Record<Which, FluidSums>> = {
    totals: new FluidSums(),
    recent: new FluidSums(),
  };

  constructor(engines: Engines, targets: LatencyTargets) {
    this.#engines = engines;
    this.#targets = targets;
  }

  get queued(): number {
    return this.#engines.queued;
  }

  get decoding(): number {
    return this.#engines.decoding;
  }

  get dropped(): number {
    return this.#engines.dropped;
  }

  step(
    seconds: number,
    arrivals: Arrivals,
    replicas: readonly Replica[],
  ): FluidStep {
    const step = this.#engines.step(seconds, arrivals, replicas);
    for (const sums of Object.values(this.#fluid)) {
      sums.add(step, { seconds, arrivals, targets: this.#targets });
    }
    return step;
  }

  /** Requests that are late by now without having been completed. */
  overdue(): number {
    return this.#engines instanceof RequestEngines
      ? this.#engines.overdue()
      : this.#engines.queued;
  }

  sums(which: Which): ServedSums {
    const fluid = this.#fluid[which];
    if (!(this.#engines instanceof RequestEngines)) return fluid.told();
    const requests = this.#engines[which];
    const figures = (of: (typeof requests)["ttft"]) => ({
      mean: of.mean,
      p50: of.quantile(0.5),
      p99: of.quantile(0.99),
    });
    return {
      seconds: fluid.seconds,
      arrived: requests.arrived,
      askedTokens: requests.askedTokens,
      completed: requests.completed,
      servedTokens: requests.completedTokens,
      inTime: requests.inTime,
      inTimeTokens: requests.inTimeTokens,
      gaveUp: requests.abandoned + requests.refused,
      promptTokens: requests.promptTokens,
      cachedTokens: requests.cachedTokens,
      ttftMs: figures(requests.ttft),
      itlMs: figures(requests.itl),
      e2eMs: figures(requests.e2e),
    };
  }

  clear(which: Which): void {
    this.#fluid[which].clear();
    if (this.#engines instanceof RequestEngines) this.#engines[which].clear();
  }
}

/** Steps of a fluid. */
class FluidSums {
  seconds = 0;
  #arrived = 0;
  #asked = 0;
  #completed = 0;
  #served = 0;
  #inTime = 0;
  #inTimeTokens = 0;
  #ttft = 0;
  #firsts = 0;
  #itl = 0;

  add(step: FluidStep, { seconds, arrivals, targets }: {
    readonly seconds: number;
    readonly arrivals: Arrivals;
    readonly targets: LatencyTargets;
  }): void {
    this.seconds += seconds;
    this.#arrived += step.arrived;
    this.#asked += step.arrived * arrivals.oslTokens;
    this.#completed += step.completed;
    // Every request has its first token from its prefill.
    const tokens = step.decodedTokens + step.completed;
    this.#served += tokens;
    const firsts = step.prefilledTokens / Math.max(1, arrivals.islTokens);
    this.#firsts += firsts;
    this.#ttft += (step.ttftMs ?? 0) * firsts;
    this.#itl += (step.itlMs ?? 0) * tokens;
    if ((step.ttftMs ?? 0) > targets.ttftMs) return;
    if ((step.itlMs ?? 0) > targets.itlMs) return;
    this.#inTime += step.completed;
    this.#inTimeTokens += tokens;
  }

  told(): ServedSums {
    const mean = (sum: number, count: number) => ({
      mean: count > 0 ? sum / count : undefined,
      p50: undefined,
      p99: undefined,
    });
    return {
      seconds: this.seconds,
      arrived: this.#arrived,
      askedTokens: this.#asked,
      completed: this.#completed,
      servedTokens: this.#served,
      inTime: this.#inTime,
      inTimeTokens: this.#inTimeTokens,
      gaveUp: 0,
      promptTokens: 0,
      cachedTokens: 0,
      ttftMs: mean(this.#ttft, this.#firsts),
      itlMs: mean(this.#itl, this.#served),
      e2eMs: mean(0, 0),
    };
  }

  clear(): void {
    this.seconds =
      this.#arrived =
      this.#asked =
      this.#completed =
        0;
    this.#served = this.#inTime = this.#inTimeTokens = 0;
    this.#ttft = this.#firsts = this.#itl = 0;
  }
}
