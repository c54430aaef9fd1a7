/** The exact fleet search (R16): which replicas, layouts, batches and caps serve most. @module */

export type * from "./answer.ts";
export * from "./question.ts";
export { FleetSearch, openFleetSearch } from "./fleet_search.ts";
