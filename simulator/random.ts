/** Seeded randomness: the same seed gives the same numbers on every machine. @module */

/** Numbers in [0, 1). */
export type Random = () => number;

/** A small generator (mulberry32); integer arithmetic only. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Normal with mean 0 and deviation 1, as a sum of uniforms: no logarithm that could differ between engines. */
export function nearlyNormal(random: Random): number {
  let sum = -6;
  for (let term = 0; term < 12; term++) sum += random();
  return sum;
}
