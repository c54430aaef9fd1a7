/** The proof: the planner's own loop over the simulated world, in situations that try to break it. @module */

export * from "./scenarios/mod.ts";
