/**
 * Simple forecasters side by side, weighted by how well each did of late: smoothed levels, plain or freed from the
 * day's profile. One of them is the last value itself, so that the mixture is never far behind it.
 * @module
 */

/** A forecaster: how it treats the profile, and how fast it forgets. */
interface Expert {
  readonly season: "none" | "factor" | "offset";
  readonly alpha: number;
}

const ALPHAS = [0.1, 0.25, 0.5, 0.75, 1] as const;
const EXPERTS: readonly Expert[] = (["none", "factor", "offset"] as const)
  .flatMap((season) => ALPHAS.map((alpha) => ({ season, alpha })));

/** Level and recent error of each expert. */
export interface Experts {
  /** Undefined until the expert has seen a value that it can use. */
  readonly levels: readonly (number | undefined)[];
  /** Discounted mean of absolute errors; undefined before the first. */
  readonly errors: readonly (number | undefined)[];
}

/** What the profile says about two windows; undefined before it knows. */
export interface Usual {
  readonly now: number | undefined;
  readonly next: number | undefined;
}

/** Errors count half after about 70 windows. */
const DISCOUNT = 0.99;
/** How much more a better expert weighs. */
const SHARPNESS = 10;

export const NO_EXPERTS: Experts = {
  levels: EXPERTS.map(() => undefined),
  errors: EXPERTS.map(() => undefined),
};

/** Takes one value in: judges each expert by it, then moves its level. */
export function expertsAfter(
  { levels, errors }: Experts,
  usual: number | undefined,
  value: number,
): Experts {
  return {
    errors: EXPERTS.map((expert, i) => {
      const forecast = forecastOf(expert, levels[i], usual);
      const before = errors[i];
      if (forecast === undefined) return before;
      const error = Math.abs(value - forecast);
      return before === undefined
        ? error
        : DISCOUNT * before + (1 - DISCOUNT) * error;
    }),
    levels: EXPERTS.map((expert, i) => {
      const seen = freed(expert, value, usual);
      const before = levels[i];
      if (seen === undefined) return before;
      return before === undefined
        ? seen
        : before + expert.alpha * (seen - before);
    }),
  };
}

/** The weighted forecast; undefined before any expert has one. */
export function mixedForecast(
  { levels, errors }: Experts,
  usualNext: number | undefined,
): number | undefined {
  const known = EXPERTS.flatMap((expert, i) => {
    const forecast = forecastOf(expert, levels[i], usualNext);
    return forecast === undefined ? [] : [{ forecast, error: errors[i] }];
  });
  if (known.length === 0) return undefined;
  const judged = known.filter(({ error }) => error !== undefined);
  const pool = judged.length > 0 ? judged : known;
  const least = Math.min(...pool.map(({ error }) => error ?? 0));
  let sum = 0;
  let weights = 0;
  for (const { forecast, error = 0 } of pool) {
    // Equal errors of 0, as of a constant series, weigh the same.
    const weight = error <= least
      ? 1
      : least > 0
      ? (least / error) ** SHARPNESS
      : 0;
    sum += weight * forecast;
    weights += weight;
  }
  return sum / weights;
}

function forecastOf(
  { season }: Expert,
  level: number | undefined,
  usual: number | undefined,
): number | undefined {
  if (level === undefined) return undefined;
  if (season === "none") return level;
  if (usual === undefined) return undefined;
  return season === "factor" ? level * usual : level + usual;
}

/** The value without its season. */
function freed(
  { season }: Expert,
  value: number,
  usual: number | undefined,
): number | undefined {
  if (season === "none") return value;
  if (usual === undefined) return undefined;
  if (season === "offset") return value - usual;
  // Next to nothing is usual: a factor would be any number.
  return usual > 1e-9 ? Math.min(1e6, value / usual) : undefined;
}
