/** The proof: the planner's own loop over simulated worlds, compared, asserted, broken on purpose, reported. @module */

export * from "./policies/mod.ts";
export * from "./processes/mod.ts";
export * from "./report/mod.ts";
export * from "./scenarios/mod.ts";
export * from "./schedules/mod.ts";
