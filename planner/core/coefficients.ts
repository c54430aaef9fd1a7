/** Correction of the model by what is measured (R14), with the blindness of capped GPUs (R14a). @module */

import type { Coefficients } from "./capacity.ts";
import {
  COEFFICIENT_NAMES,
  type CoefficientName,
  type CoefficientWatch,
} from "./coefficient_watch.ts";
import type { LiveSignals } from "./observation.ts";
import type { CoefficientUpdate } from "./outcome.ts";
import type { Reason } from "./reason.ts";
import type { PerSide, Side } from "./side.ts";
import type { LastTarget } from "./state.ts";

/** Weight of a new observation. */
export const SMOOTHING = 0.3;
/** Limits of every coefficient. */
export const LEAST_COEFFICIENT = 0.5;
export const MOST_COEFFICIENT = 2;
/** A draw from this share of the cap on is the cap's, not the demand's (R14a). */
export const CENSORED_SHARE = 0.97;
/** Share of a window under the power-cap throttle reason that is noticeable. */
export const NOTICEABLE_THROTTLE_SHARE = 0.05;
/** An episode at a limit longer than this is a critical word (R19 row 6), milliseconds. */
export const PEGGED_TOO_LONG_MS = 300_000;

/** What the coefficients are corrected with. */
export interface CorrectionInput {
  readonly coefficients: Coefficients;
  readonly watch: CoefficientWatch;
  readonly live: LiveSignals;
  /** Requests of the window; latencies of none are not counted. */
  readonly requests: number;
  /** The applied configuration. */
  readonly applied: PerSide<LastTarget>;
  readonly nowMs: number;
}

/** Coefficients after one window. */
export interface Correction {
  readonly coefficients: Coefficients;
  readonly watch: CoefficientWatch;
  readonly updates: readonly CoefficientUpdate[];
}

interface Sample {
  readonly coefficient: CoefficientName;
  readonly observed: number | undefined;
  readonly predicted: number | undefined;
  readonly censored: boolean;
}

const POWER_OF: Readonly<Record<Side, CoefficientName>> = {
  prefill: "powerPrefill",
  decode: "powerDecode",
  agg: "powerAgg",
};

/** The power coefficient of a side. */
export function powerCoefficientOf(side: Side): CoefficientName {
  return POWER_OF[side];
}

/**
 * One step of each coefficient whose signal was there: c + 0.3 (observed ÷ predicted − c), within 0.5…2. Latencies need
 * requests; prefill watts need scheduled prefill tokens, decode watts scheduled decode tokens, aggregated ones either.
 * Values that are not finite and positive change nothing.
 */
export function corrected(input: CorrectionInput): Correction {
  let coefficients = input.coefficients;
  let { peggedTotal, pegged, censoredTicks } = input.watch;
  const updates: CoefficientUpdate[] = [];
  for (const { coefficient, observed, predicted, censored } of samples(input)) {
    if (!isPositive(observed) || !isPositive(predicted)) continue;
    const before = coefficients[coefficient];
    const smoothed = before + SMOOTHING * (observed / predicted - before);
    const after = withinLimits(
      censored ? Math.max(before, smoothed) : smoothed,
    );
    coefficients = { ...coefficients, [coefficient]: after };
    censoredTicks = {
      ...censoredTicks,
      [coefficient]: censored ? (censoredTicks[coefficient] ?? 0) + 1 : 0,
    };
    if (isPegged(after)) {
      peggedTotal = {
        ...peggedTotal,
        [coefficient]: (peggedTotal[coefficient] ?? 0) + 1,
      };
      pegged = {
        ...pegged,
        [coefficient]: pegged[coefficient] ??
          { sinceMs: input.nowMs, told: false },
      };
    } else if (pegged[coefficient]) {
      const { [coefficient]: _over, ...others } = pegged;
      pegged = others;
    }
    updates.push({
      coefficient,
      observed,
      predicted,
      before,
      after,
      censored,
    });
  }
  return {
    coefficients,
    watch: { peggedTotal, pegged, censoredTicks },
    updates,
  };
}

/** Says once an episode that a coefficient stands at its limit for too long. */
export function tellPegged(
  coefficients: Coefficients,
  watch: CoefficientWatch,
  nowMs: number,
): { readonly watch: CoefficientWatch; readonly reasons: readonly Reason[] } {
  const reasons: Reason[] = [];
  let { pegged } = watch;
  for (const coefficient of COEFFICIENT_NAMES) {
    const episode = pegged[coefficient];
    if (!episode || episode.told) continue;
    if (nowMs - episode.sinceMs <= PEGGED_TOO_LONG_MS) continue;
    pegged = { ...pegged, [coefficient]: { ...episode, told: true } };
    reasons.push({
      kind: "coefficient_pegged",
      coefficient,
      value: coefficients[coefficient],
      sinceMs: episode.sinceMs,
    });
  }
  return { watch: { ...watch, pegged }, reasons };
}

/** A value that no coefficient passes, whatever was observed. */
export function withinLimits(value: number): number {
  if (Number.isNaN(value)) return 1;
  return Math.min(MOST_COEFFICIENT, Math.max(LEAST_COEFFICIENT, value));
}

function isPegged(value: number): boolean {
  return value <= LEAST_COEFFICIENT || value >= MOST_COEFFICIENT;
}

function samples(input: CorrectionInput): Sample[] {
  const { live, applied, requests } = input;
  const found: Sample[] = [];
  if (requests > 0) {
    found.push({
      coefficient: "ttft",
      observed: live.ttftMs,
      predicted: (applied.prefill ?? applied.agg)?.rawTtftMs,
      censored: false,
    }, {
      coefficient: "itl",
      observed: live.itlMs,
      predicted: (applied.decode ?? applied.agg)?.rawItlMs,
      censored: false,
    });
  }
  const active: PerSide<boolean> = {
    prefill: live.prefillActive,
    decode: live.decodeActive,
    agg: live.prefillActive || live.decodeActive,
  };
  for (const side of ["prefill", "decode", "agg"] as const) {
    const target = applied[side];
    if (!target || active[side] !== true || target.replicas === 0) continue;
    found.push({
      coefficient: POWER_OF[side],
      observed: live.drawWatts[side],
      predicted: target.rawWatts,
      censored: isCensored(input, side, target),
    });
  }
  return found;
}

/** R14a. */
function isCensored(
  { live }: CorrectionInput,
  side: Side,
  target: LastTarget,
): boolean {
  const share = live.powerCappedShare?.[side];
  if (share !== undefined && share >= NOTICEABLE_THROTTLE_SHARE) return true;
  const capWatts = live.effectiveCapWatts?.[side] ?? target.capWatts;
  const draw = live.drawWatts[side];
  return capWatts !== undefined && draw !== undefined &&
    draw >= CENSORED_SHARE * capWatts;
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}
