/** When a model is fitted anew: soon while the series is short, then seldom. @module */

/** Fewest points that anything is fitted on (P17). */
export const FEWEST_POINTS = 5;
/** Longest time between two fits, windows. */
const LONGEST_PAUSE = 96;

/**
 * Fits happen at 5, 8, 11, 14, 18, 23 … points: after a quarter as many as there were, at least 3 and at most 96.
 * Between them a model only takes the new values in.
 *
 * @param points values of the series so far
 * @param fittedAt values at the last fit; 0 before the first
 */
export function refitDue(points: number, fittedAt: number): boolean {
  if (points < FEWEST_POINTS) return false;
  const pause = Math.min(LONGEST_PAUSE, Math.max(3, Math.ceil(fittedAt / 4)));
  return fittedAt === 0 || points - fittedAt >= pause;
}

/** Whether all values are the same: nothing can be fitted then, and nothing needs to. */
export function allEqual(series: readonly number[]): boolean {
  const first = series[0];
  return series.every((value) => value === first);
}
