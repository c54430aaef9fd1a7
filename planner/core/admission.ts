/** Admission thresholds that a configuration implies (R18). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { LiveSignals } from "./observation.ts";
import type { Plan } from "./optimizer_state.ts";
import type { AdmissionOutcome } from "./outcome.ts";
import type { Reason } from "./reason.ts";

/**
 * θ_decode = min(1, concurrency · (ISL + OSL/2) / KV tokens): the share of a decode replica's cache that its batch fills.
 */
export function impliedThetaDecode(
  { concurrency, islTokens, oslTokens, kvTokens }: {
    readonly concurrency: number;
    readonly islTokens: number;
    readonly oslTokens: number;
    readonly kvTokens: number;
  },
): number | undefined {
  return share(concurrency * (islTokens + oslTokens / 2) / kvTokens);
}

/**
 * θ_prefill = achieved requests per second of a replica ÷ the ones of requests that come one at a time (1000 ÷ isolated
 * TTFT), at most 1.
 */
export function impliedThetaPrefill(
  { requestsPerSecond, isolatedTtftMs }: {
    readonly requestsPerSecond: number;
    readonly isolatedTtftMs: number;
  },
): number | undefined {
  return share(requestsPerSecond / (1000 / isolatedTtftMs));
}

/** ⌈share × fewest batched tokens⌉; 0.65 × 8192 = 5325. */
export function prefillTokensOf(theta: number, batchedTokens: number): number {
  return Math.ceil(theta * batchedTokens - 1e-9);
}

/** Thresholds of the configuration in force; undefined when admission is off or nothing is implied yet. */
export function admissionOf(
  { config, plan, live }: {
    readonly config: PlannerConfig;
    readonly plan: Plan | undefined;
    readonly live: LiveSignals | undefined;
  },
): {
  readonly admission: AdmissionOutcome | undefined;
  readonly reasons: readonly Reason[];
} {
  const { mode, safetyMargin } = config.admission;
  if (mode === "off" || !plan) return { admission: undefined, reasons: [] };
  const thetaDecode = plan.thetaDecode ?? thetaDecodeOf(plan, live);
  const { thetaPrefill } = plan;
  const set = (theta: number | undefined) =>
    theta === undefined ? undefined : Math.min(1, safetyMargin * theta);
  const setThetaPrefill = set(thetaPrefill);
  const batchedTokens = fewestBatchedTokens(live);
  const setPrefillTokens =
    setThetaPrefill === undefined || batchedTokens === undefined
      ? undefined
      : prefillTokensOf(setThetaPrefill, batchedTokens);
  return {
    admission: {
      mode,
      thetaPrefill,
      thetaDecode,
      setThetaPrefill,
      setThetaDecode: set(thetaDecode),
      setPrefillTokens,
    },
    reasons: setThetaPrefill !== undefined && batchedTokens === undefined
      ? [{ kind: "batched_tokens_unknown" }]
      : [],
  };
}

/** Where the search gives no threshold: from its batch and the smallest cache that an engine reports. */
function thetaDecodeOf(
  plan: Plan,
  live: LiveSignals | undefined,
): number | undefined {
  const point = plan.points.decode ?? plan.points.agg;
  const kvTokens = fewest(
    live?.engines?.filter(({ side }) => side !== "prefill")
      .map(({ kvCapacityTokens }) => kvCapacityTokens),
  );
  if (!point || kvTokens === undefined) return undefined;
  return impliedThetaDecode({
    concurrency: point.batchSize,
    islTokens: plan.question.islTokens,
    oslTokens: plan.question.oslTokens,
    kvTokens,
  });
}

function fewestBatchedTokens(
  live: LiveSignals | undefined,
): number | undefined {
  return fewest(
    live?.engines?.filter(({ side }) => side !== "decode")
      .map(({ maxBatchedTokens }) => maxBatchedTokens),
  );
}

function fewest(
  values: readonly (number | undefined)[] | undefined,
): number | undefined {
  let least: number | undefined;
  for (const value of values ?? []) {
    if (value === undefined || !(value > 0)) continue;
    if (least === undefined || value < least) least = value;
  }
  return least;
}

function share(value: number): number | undefined {
  return value >= 0 ? Math.min(1, value) : undefined;
}
