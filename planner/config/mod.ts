/** The planner's configuration: one schema, every problem at once. @module */

export { FIELD_NAMES, type FieldName, FIELDS_SCHEMA } from "./fields.ts";
export { textOf } from "./field.ts";
export { readConfigText } from "./load.ts";
export {
  type CheckedConfig,
  checkPlannerConfig,
  type ConfigInput,
  invalidConfig,
  parsePlannerConfig,
} from "./parse.ts";
export type {
  EngineChoice,
  EnginePick,
  Mode,
  PlannerConfig,
  PowerConfig,
  ScalingConfig,
} from "./planner_config.ts";
export { type ConfigProblem, problemLine } from "./problem.ts";
export {
  ALIASES,
  UNSUPPORTED_FIELDS,
  UPSTREAM_ENVIRONMENT,
} from "./upstream.ts";
