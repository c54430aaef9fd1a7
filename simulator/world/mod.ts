/** The simulated world: time, controllers, engines, measurements. @module */

export { Controllers, type Delays } from "./controllers.ts";
export {
  EngineRoom,
  type EngineRoomOptions,
  type Engines,
} from "./engine_room.ts";
export {
  type EngineTruth,
  type HiddenCoefficients,
  NO_SECRET,
  type TrueWork,
  withSecret,
} from "./engine_truth.ts";
export {
  type Arrivals,
  FluidEngines,
  type FluidStep,
  type Replica,
  type ReplicaWork,
} from "./fluid_engines.ts";
export { type MeasuredEngine, type Measurement, Meter } from "./measurement.ts";
export {
  type BudgetViolation,
  SimulatedWorld,
  type WorldOptions,
} from "./world.ts";
