/** What is counted about each coefficient between updates: saturation, censoring (R14, R14a). @module */

import type { Coefficients } from "./capacity.ts";

/** Name of one coefficient. */
export type CoefficientName = keyof Coefficients;

/** Every coefficient, in the order in which people read them. */
export const COEFFICIENT_NAMES = [
  "powerPrefill",
  "powerDecode",
  "powerAgg",
  "ttft",
  "itl",
] as const satisfies readonly CoefficientName[];

/** An episode at one of the limits. */
export interface PeggedEpisode {
  readonly sinceMs: number;
  /** The critical word of this episode was said. */
  readonly told: boolean;
}

/** Counts and episodes; totals are of this process. */
export interface CoefficientWatch {
  /** Updates that ended at a limit: `aic_correction_pegged_total{coefficient}`. */
  readonly peggedTotal: Readonly<Partial<Record<CoefficientName, number>>>;
  /** Episodes that go on; a coefficient that left its limit has none. */
  readonly pegged: Readonly<Partial<Record<CoefficientName, PeggedEpisode>>>;
  /** Censored observations in a row while watts were free (R14a). */
  readonly censoredTicks: Readonly<Partial<Record<CoefficientName, number>>>;
}

export const FRESH_WATCH: CoefficientWatch = {
  peggedTotal: {},
  pegged: {},
  censoredTicks: {},
};
