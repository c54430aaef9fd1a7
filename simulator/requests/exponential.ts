/** Exponential variates from comparisons of uniforms alone, after von Neumann: no logarithm that could differ between engines. @module */

import type { Random } from "../random.ts";

/**
 * One variate with mean 1.
 *
 * The chance that a falling run from `u` has an odd number of members is e^−u, so keeping `u` then draws from the
 * exponential density on [0, 1); each run that is not kept adds 1, because the exponential forgets
 * (J. von Neumann, "Various techniques used in connection with random digits", 1951).
 */
export function exponential(random: Random): number {
  for (let whole = 0;; whole++) {
    const first = random();
    let last = first;
    let members = 1;
    for (let next = random(); next <= last; next = random()) {
      last = next;
      members++;
    }
    if (members % 2 === 1) return whole + first;
  }
}
