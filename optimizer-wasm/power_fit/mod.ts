/** Fitting the power model on measured tables, and judging it (`data fit`). @module */

export { POWER_FIT_ERROR, type PowerFitError } from "./committed.ts";
export { type Disagreement } from "./disagreement.ts";
export { type FitError } from "./family_fit.ts";
export {
  type ByFamily,
  type FitInput,
  fitPower,
  type PowerFit,
  type StepJudgement,
} from "./fit_power.ts";
export { type HeldOut, holdOut } from "./hold_out.ts";
export { type StepError } from "./step_error.ts";
