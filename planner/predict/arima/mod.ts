/** ARIMA with automatic order selection (P17). @module */

export { arimaPredictor } from "./predictor.ts";
export type { ArimaMemory } from "./predictor.ts";
