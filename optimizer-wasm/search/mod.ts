/** The exact fleet search (R16): which replicas, layouts, batches and caps serve most. @module */

export type * from "./answer.ts";
export * from "./question.ts";
export { FleetSearch, openFleetSearch } from "./fleet_search.ts";
export {
  allSteps,
  type OnStep,
  type Relaxation,
  relaxations,
  relaxationSteps,
  type Steps,
  userFrontier,
  userFrontierSteps,
  wattsFrontier,
  wattsFrontierSteps,
  type WattsPoint,
} from "./frontier.ts";
export { sweepCsv } from "./fleet_csv.ts";
export { idleReason } from "./idle_gpus.ts";
export {
  candidateRecord,
  layoutRecord,
  type SweepAnswer,
  sweepRecord,
} from "./record.ts";
export { checkTightBudget, type TightBudgetFinding } from "./tight_budget.ts";
