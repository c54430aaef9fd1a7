/** What can be scaled and capped. @module */

export type { Fleet } from "./fleet.ts";
