/** The simplest predictor: the next window is like the last one (P17). @module */

import type { Predictor } from "./predictor.ts";

/** Always the last value; 0 without data. */
export const CONSTANT_PREDICTOR: Predictor = {
  name: "constant",
  key: "constant",
  learn: () => ({ kind: "constant" }),
  next: (series) => Math.max(0, series.at(-1) ?? 0),
};
