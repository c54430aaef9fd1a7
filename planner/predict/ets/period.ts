/** Whether a series repeats itself, and after how many windows. @module */

const SECONDS_OF_DAY = 86_400;
/** A season longer than this has more offsets than it can learn. */
const LONGEST_PERIOD = 1024;
/** Correlation that a season must have with itself one period earlier. */
const LEAST_CORRELATION = 0.3;

/**
 * A day where two fit into the series, else the lag at which the series, freed from its trend, is most like itself.
 *
 * @returns windows of one season, 0 without one
 */
export function periodOf(
  series: readonly number[],
  windowSeconds: number,
): number {
  const day = Math.round(SECONDS_OF_DAY / windowSeconds);
  const rest = detrended(series);
  if (day >= 4 && day <= LONGEST_PERIOD && series.length >= 2 * day) {
    if (correlation(rest, day) > LEAST_CORRELATION) return day;
  }
  const longest = Math.min(128, Math.floor(series.length / 3));
  const correlations = Array.from(
    { length: longest + 2 },
    (_, lag) => correlation(rest, lag),
  );
  let best = 0;
  for (let lag = 4; lag <= longest; lag++) {
    const here = correlations[lag] ?? 0;
    const isPeak = here > (correlations[lag - 1] ?? 1) &&
      here >= (correlations[lag + 1] ?? 1);
    const least = best === 0 ? LEAST_CORRELATION : correlations[best] ?? 1;
    // A multiple of a period is as good; only a clearly better one takes its place.
    if (isPeak && here > (best === 0 ? least : least + 0.05)) best = lag;
  }
  return best;
}

/** Differences from a running mean over a third of the series: trend and slow waves are no season. */
function detrended(series: readonly number[]): Float64Array {
  const n = series.length;
  const half = Math.max(2, Math.floor(n / 6));
  const sums = new Float64Array(n + 1);
  for (let t = 0; t < n; t++) sums[t + 1] = (sums[t] ?? 0) + (series[t] ?? 0);
  return Float64Array.from(series, (value, t) => {
    const from = Math.max(0, t - half);
    const to = Math.min(n, t + half + 1);
    return value - ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
  });
}

function correlation(values: Float64Array, lag: number): number {
  let together = 0;
  let squares = 0;
  for (let t = 0; t < values.length; t++) {
    const value = values[t] ?? 0;
    squares += value * value;
    if (t >= lag) together += value * (values[t - lag] ?? 0);
  }
  return squares > 0 ? together / squares : 0;
}
