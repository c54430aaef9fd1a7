/** What goes into a series and what may come out of a forecast. @module */

/** No series holds more; beyond it squares of values lose their meaning. */
const LARGEST = 1e15;

/** A value as a series stores it: what is not finite is 0, nothing is negative (P17). */
export function stored(value: number): number {
  return Number.isFinite(value) && value > 0 ? Math.min(value, LARGEST) : 0;
}

/** Values that a bound is taken from. */
const LOOKED_AT = 512;

/**
 * A forecast that can be acted on: finite, at least 0, and at most twice the largest value of late. A window after
 * which traffic more than doubles is not foreseen by any of the models; one that a model imagines costs watts.
 */
export function bounded(forecast: number, series: readonly number[]): number {
  const last = series.at(-1) ?? 0;
  if (!Number.isFinite(forecast)) return last;
  let largest = 0;
  for (let i = Math.max(0, series.length - LOOKED_AT); i < series.length; i++) {
    largest = Math.max(largest, series[i] ?? 0);
  }
  return Math.min(Math.max(0, forecast), 2 * largest);
}
