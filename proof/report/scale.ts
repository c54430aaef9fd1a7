/** Axes: round ticks, and how far up a picture goes. @module */

/** Round steps within a power of ten. */
const STEPS = [1, 2, 2.5, 5, 10];
/** Steps of time, seconds. */
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800],
  ...[3_600, 7_200, 10_800, 21_600, 43_200, 86_400],
];
/** Values above this share of all may be cut off, where they would leave the rest flat. */
const SHOWN_SHARE = 0.99;
/** So much higher than the rest is too high. */
const TOO_HIGH = 3;

/** Ticks from 0 to at least `top`. */
export function ticksTo(top: number, most = 4): number[] {
  if (!(top > 0) || !Number.isFinite(top)) return [0, 1];
  const rough = top / most;
  const power = powerOfTen(rough);
  const step = (STEPS.find((one) => one * power >= rough * (1 - 1e-9)) ?? 10) *
    power;
  const ticks = [];
  for (let index = 0; index * step < top + step * (1 - 1e-9); index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Ticks of a time axis, seconds from the beginning. */
export function timeTicks(lengthSeconds: number, most = 6): number[] {
  const step = TIME_STEPS.find((one) => lengthSeconds / one <= most) ??
    Math.ceil(lengthSeconds / most / 86_400) * 86_400;
  const ticks = [];
  for (let at = 0; at <= lengthSeconds; at += step) ticks.push(at);
  return ticks;
}

/**
 * How far up a picture has to go.
 *
 * @param values of its lines
 * @param limits values that have to be seen
 * @returns the highest value, or less where a few are far above everything else
 */
export function topOf(
  values: readonly number[],
  limits: readonly number[],
): number {
  const limit = Math.max(0, ...limits) * 1.05;
  if (values.length === 0) return limit;
  const sorted = values.toSorted((a, b) => a - b);
  const highest = sorted.at(-1) ?? 0;
  const usual = Math.max(
    limit,
    sorted[Math.floor(SHOWN_SHARE * (sorted.length - 1))] ?? 0,
  );
  return highest > TOO_HIGH * usual && usual > 0
    ? usual * 1.2
    : Math.max(limit, highest);
}

function powerOfTen(value: number): number {
  let power = 1;
  while (power > value) power /= 10;
  while (power * 10 <= value) power *= 10;
  return power;
}
