/** The proof: the planner's own loop over a simulated world, compared, asserted, reported. @module */

export * from "./policies/mod.ts";
export * from "./report/mod.ts";
export * from "./scenarios/mod.ts";
