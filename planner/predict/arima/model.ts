/** One ARIMA(p, d, q) model: its coefficients, and its one-step forecast. @module */

/** A fitted model; w is the series, differenced `d` times. */
export interface ArimaModel {
  /** Fitted on log(1 + x). */
  readonly log1p: boolean;
  readonly d: 0 | 1;
  /** Autoregressive coefficients, nearest lag first. */
  readonly phi: readonly number[];
  /** Moving-average coefficients, nearest lag first. */
  readonly theta: readonly number[];
  /** Mean of w; with d = 1 the drift. */
  readonly mean: number;
}

/** Orders of a model that is to be fitted. */
export interface ArimaOrder {
  readonly p: number;
  readonly q: number;
  /** A mean is estimated. */
  readonly constant: boolean;
}

/** Highest p and q, as far as the library upstream uses goes in practice. */
export const MOST_LAGS = 3;

/**
 * Coefficients of a stationary (or invertible) polynomial from any real numbers: tanh gives partial
 * autocorrelations, Durbin and Levinson's recursion the coefficients (Monahan 1984). No forecast can explode.
 */
export function stableCoefficients(free: readonly number[]): number[] {
  let coefficients: number[] = [];
  for (const value of free) {
    const partial = 0.99 * Math.tanh(value);
    const k = coefficients.length;
    coefficients = [
      ...coefficients.map((c, i) =>
        c - partial * (coefficients[k - 1 - i] ?? 0)
      ),
      partial,
    ];
  }
  return coefficients;
}

/**
 * Forecast of the next w − mean.
 *
 * @param recent w − mean, newest last, at least p values
 * @param residuals newest first, at least q values; missing ones are 0
 */
export function nextDeviation(
  { phi, theta }: Pick<ArimaModel, "phi" | "theta">,
  recent: readonly number[],
  residuals: readonly number[],
): number {
  let sum = 0;
  for (const [i, coefficient] of phi.entries()) {
    sum += coefficient * (recent[recent.length - 1 - i] ?? 0);
  }
  for (const [j, coefficient] of theta.entries()) {
    sum += coefficient * (residuals[j] ?? 0);
  }
  return sum;
}
