/** The exact fleet search (R16): which replicas, layouts, batches and caps serve most. @module */

export type * from "./answer.ts";
export * from "./question.ts";
export { FleetSearch, openFleetSearch } from "./fleet_search.ts";
export {
  type OnStep,
  type Relaxation,
  relaxations,
  userFrontier,
  wattsFrontier,
  type WattsPoint,
} from "./frontier.ts";
export { checkTightBudget, type TightBudgetFinding } from "./tight_budget.ts";
