/** Where a planner works. @module */

export { type Environment, realLoopClock } from "./environment.ts";
export { type EnvironmentOptions, openEnvironment } from "./open.ts";
export {
  openSimulated,
  type SimulatedEnvironment,
  type SimulatedOptions,
} from "./simulated.ts";
export { withModelFaults } from "./model_faults.ts";
export { SimulatedSource } from "./simulated_source.ts";
export { WorldClock } from "./world_clock.ts";
