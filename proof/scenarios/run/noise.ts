/** Noise of measured values: one seeded generator a signal, so that one more signal moves no other. @module */

import {
  nearlyNormal,
  type Random,
  seededRandom,
} from "../../../simulator/mod.ts";
import type { NoiseModel } from "../schema/mod.ts";

/** Beyond so many deviations a value is cut (`reference-testbed.md` §4). */
const MOST_DEVIATIONS = 3;

/** Multiplies values by 1 + noise. */
export class Noise {
  readonly #random: Random;
  readonly #model: NoiseModel;
  #last = 0;

  constructor(model: NoiseModel, seed: number) {
    this.#model = model;
    this.#random = seededRandom(seed);
  }

  /** The value as measured. */
  on(value: number): number {
    return value * (1 + this.#next());
  }

  #next(): number {
    const { model, sigma, half_width, rho } = this.#model;
    switch (model) {
      case "uniform":
        return (this.#random() * 2 - 1) * half_width;
      case "gaussian":
        return sigma * cut(nearlyNormal(this.#random));
      case "ar1":
        this.#last = rho * this.#last + sigma * nearlyNormal(this.#random);
        return this.#last;
    }
  }
}

function cut(deviations: number): number {
  return Math.max(-MOST_DEVIATIONS, Math.min(MOST_DEVIATIONS, deviations));
}
