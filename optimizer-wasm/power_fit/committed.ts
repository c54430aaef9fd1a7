/** Errors of the model that the product ships, as `data fit --tables` found them. @module */

import committed from "../data/power_fit_error.json" with { type: "json" };
import type { PowerFit } from "./fit_power.ts";

/** What a fit finds beside its model. */
export type PowerFitError = Omit<PowerFit, "model">;

/** Errors of the shipped model; a test computes them again where the tables are. */
export const POWER_FIT_ERROR: PowerFitError = committed;
