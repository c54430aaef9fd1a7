/** The proof: the planner's loop over simulated worlds that try to break it. @module */

export * from "./processes/mod.ts";
export * from "./schedules/mod.ts";
