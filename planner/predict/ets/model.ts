/** Exponential smoothing with additive error, trend and season (Holt and Winters; Hyndman et al. 2008). @module */

/** Which parts a model has. */
export interface EtsForm {
  readonly trend: "none" | "additive" | "damped";
  /** Windows of one season; 0 without one. */
  readonly period: number;
}

/** Smoothing parameters; those of parts that a form lacks are 0, and phi is 1. */
export interface EtsParameters {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  /** Damping of the trend, at most 1. */
  readonly phi: number;
}

/** State after some value. */
export interface EtsState {
  readonly level: number;
  readonly trend: number;
  /** Offsets of one season; `season[0]` is that of the next window. */
  readonly season: readonly number[];
}

/** The one-step forecast of a state. */
export function etsForecast(state: EtsState, { phi }: EtsParameters): number {
  return state.level + phi * state.trend + (state.season[0] ?? 0);
}

/** The state after one more value. */
export function etsStep(
  state: EtsState,
  { alpha, beta, gamma, phi }: EtsParameters,
  value: number,
): EtsState {
  const error = value - etsForecast(state, { alpha, beta, gamma, phi });
  const [offset, ...others] = state.season;
  return {
    level: state.level + phi * state.trend + alpha * error,
    trend: phi * state.trend + beta * error,
    season: offset === undefined ? [] : [...others, offset + gamma * error],
  };
}

/** Parameters within their bounds from any real numbers, in the order of {@linkcode freeCount}. */
export function boundedParameters(
  { trend, period }: EtsForm,
  free: readonly number[],
): EtsParameters {
  let next = 0;
  const share = () => 1 / (1 + Math.exp(-(free[next++] ?? 0)));
  const alpha = 0.001 + 0.998 * share();
  const beta = trend === "none" ? 0 : alpha * share();
  const phi = trend === "damped" ? 0.8 + 0.18 * share() : 1;
  const gamma = period === 0 ? 0 : (1 - alpha) * share();
  return { alpha, beta, gamma, phi };
}

/** How many smoothing parameters a form has. */
export function freeCount({ trend, period }: EtsForm): number {
  const ofTrend = trend === "none" ? 0 : trend === "additive" ? 1 : 2;
  return 1 + ofTrend + (period === 0 ? 0 : 1);
}
