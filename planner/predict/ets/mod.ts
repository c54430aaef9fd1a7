/** Exponential smoothing with automatic trend, damping and season. @module */

export { type EtsMemory, etsPredictor } from "./predictor.ts";
