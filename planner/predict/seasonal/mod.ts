/** Seasonal prediction: a day's and a week's profile under weighted levels. @module */

export { type SeasonalMemory, seasonalPredictor } from "./predictor.ts";
