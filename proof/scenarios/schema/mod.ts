/** Scenario files: their schema, and reading them. @module */

export type {
  BiasBlock,
  BiasSignal,
  FleetBlock,
  LoadBlock,
  MockerBlock,
  NoiseBlock,
  NoiseModel,
  SourceSignal,
  SystemName,
} from "./blocks.ts";
export { BIAS_SIGNALS, SOURCE_SIGNALS } from "./blocks.ts";
export {
  EVENT_TYPES,
  type FaultEvent,
  type ReferenceEvent,
  type ScenarioEvent,
} from "./event_types.ts";
export { checkScenario, loadScenario, type ReadText } from "./load.ts";
export { checkPlanner, plannerNumber, plannerValues } from "./planner_block.ts";
export type {
  Against,
  Assertion,
  Scenario,
  ScenarioPlanner,
  When,
} from "./scenario.ts";
