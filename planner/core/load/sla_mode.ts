/** Load scaling to the latency targets, from step times that were measured (P32, P33, P35). @module */

import type { ScalingConfig } from "../../config/mod.ts";
import type { EngineLoad } from "../observation.ts";
import type { Side } from "../side.ts";
import type { LoadSample } from "./memory.ts";
import { fitStepTime, type StepTime } from "./samples.ts";
import { type LoadSignal, NO_DATA, signalOf } from "./signal.ts";

/** Highest share of input tokens that a cache is believed to save. */
export const MOST_HIT_RATE = 0.95;
/** Tokens of one step where an engine does not say. */
const USUAL_BATCHED_TOKENS = 8192;
/** Most steps that are added up one by one; a longer queue is far beyond any target. */
const MOST_STEPS = 10_000;

/** What the estimate of one side stands on. */
export interface SlaInput {
  readonly samples: readonly LoadSample[];
  readonly scaling: ScalingConfig;
  readonly ttftMs: number;
  readonly itlMs: number;
  /** Mean input tokens of a request. */
  readonly islTokens: number;
  readonly kvHitRate: number | undefined;
  /** Tokens accepted a step, at least 1. */
  readonly acceptLength: number;
  /** Replicas that serve. */
  readonly workers: number;
}

/** Up when every engine is above its target; down when one replica less would stay below on every engine. */
export function slaSignal(
  engines: readonly EngineLoad[],
  side: Side,
  input: SlaInput,
): LoadSignal {
  if (engines.length === 0) return NO_DATA;
  const { scaling, samples } = input;
  const step = fitStepTime(samples, side, scaling.minObservations);
  if (!step) return NO_DATA;
  switch (side) {
    case "prefill":
      return prefillSignal(engines, step, input);
    case "decode":
      return decodeSignal(engines, step, input);
    case "agg":
      return aggSignal(engines, step, input);
  }
}

/** Share of input tokens that has to be computed. */
export function uncachedShare(kvHitRate: number | undefined): number {
  if (kvHitRate === undefined || !(kvHitRate > 0)) return 1;
  return 1 - Math.min(MOST_HIT_RATE, kvHitRate);
}

/** Milliseconds until the last of `tokens` is computed, chunk by chunk. */
export function prefillTimeMs(
  tokens: number,
  step: StepTime,
  { batchedTokens, kvTokens }: {
    readonly batchedTokens: number;
    readonly kvTokens: number;
  },
): number {
  const steps = Math.min(MOST_STEPS, Math.ceil(tokens / batchedTokens));
  return steps * (step.baseMs + step.perKvTokenMs * kvTokens) +
    tokens * step.perPrefillTokenMs;
}

function prefillTimes(
  engine: EngineLoad,
  step: StepTime,
  { islTokens, kvHitRate }: SlaInput,
) {
  const share = uncachedShare(kvHitRate);
  const shape = {
    batchedTokens: positive(engine.maxBatchedTokens) ?? USUAL_BATCHED_TOKENS,
    kvTokens: engine.scheduledDecodeKvTokens,
  };
  const at = (queuedTokens: number) =>
    prefillTimeMs((queuedTokens + islTokens) * share, step, shape);
  return { own: at(0), at };
}

function prefillSignal(
  engines: readonly EngineLoad[],
  step: StepTime,
  input: SlaInput,
): LoadSignal {
  const { ttftMs, workers, scaling } = input;
  const merged = workers > 1 ? workers / (workers - 1) : 1;
  const isCarried = (engine: EngineLoad, factor: number) => {
    const { own, at } = prefillTimes(engine, step, input);
    // Only the queue moves to the others; what a request computes itself stays.
    return own < ttftMs &&
      at(engine.queuedPrefillTokens * factor) - own <
        (ttftMs - own) * scaling.downSensitivity;
  };
  const estimates = engines.map((engine) =>
    prefillTimes(engine, step, input).at(engine.queuedPrefillTokens)
  );
  return {
    ...judged(estimates, ttftMs, {
      low: engines.every((engine) => isCarried(engine, 1)),
      carried: engines.every((engine) => isCarried(engine, merged)),
      workers,
    }),
    ttftMs: Math.max(...estimates),
  };
}

function decodeSignal(
  engines: readonly EngineLoad[],
  step: StepTime,
  input: SlaInput,
): LoadSignal {
  const { itlMs, workers, scaling, acceptLength } = input;
  const merged = workers > 1 ? workers / (workers - 1) : 1;
  const itlAt = (engine: EngineLoad, factor: number) =>
    (step.baseMs + step.perPrefillTokenMs * engine.scheduledPrefillTokens +
      step.perKvTokenMs * kvOf(engine) * factor) / acceptLength;
  const isCarried = (engine: EngineLoad, factor: number) => {
    const capacity = positive(engine.kvCapacityTokens);
    if (capacity !== undefined && kvOf(engine) * factor >= capacity) {
      return false;
    }
    return itlAt(engine, factor) < itlMs * scaling.downSensitivity;
  };
  const estimates = engines.map((engine) => itlAt(engine, 1));
  return {
    ...judged(estimates, itlMs, {
      low: engines.every((engine) => isCarried(engine, 1)),
      carried: engines.every((engine) => isCarried(engine, merged)),
      workers,
    }),
    itlMs: Math.max(...estimates),
  };
}

/** Up for either; down only when both agree, and on decode alone where prefill says nothing (P33). */
function aggSignal(
  engines: readonly EngineLoad[],
  step: StepTime,
  input: SlaInput,
): LoadSignal {
  const decode = decodeSignal(engines, step, input);
  if (step.perPrefillTokenMs === 0) return decode;
  const prefill = prefillSignal(engines, step, input);
  const estimates = { ttftMs: prefill.ttftMs, itlMs: decode.itlMs };
  const low = prefill.low && decode.low;
  const both = [prefill.signal, decode.signal];
  if (both.includes("up")) return { signal: "up", low: false, ...estimates };
  if (both.includes("refused")) {
    return { signal: "refused", low, ...estimates };
  }
  const down = both.every((signal) => signal === "down");
  return { signal: down ? "down" : "hold", low, ...estimates };
}

/**
 * Above the target on every engine: up. Within it on every engine, and one replica less could not carry the load:
 * refused.
 */
function judged(
  estimates: readonly number[],
  targetMs: number,
  { low, carried, workers }: {
    readonly low: boolean;
    readonly carried: boolean;
    readonly workers: number;
  },
): LoadSignal {
  const up = estimates.every((estimate) => estimate > targetMs);
  const signal = signalOf({ up, low, carried }, workers);
  const within = estimates.every((estimate) => estimate <= targetMs);
  return signal.signal === "hold" && workers > 1 && within && !carried
    ? { ...signal, signal: "refused" }
    : signal;
}

function kvOf(engine: EngineLoad): number {
  return engine.scheduledDecodeKvTokens + engine.queuedDecodeKvTokens;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) && value > 0
    ? value
    : undefined;
}
