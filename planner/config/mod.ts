/** The planner's configuration: one schema, every problem at once. @module */

export {
  FIELD_NAMES,
  type FieldName,
  type Fields,
  FIELDS_SCHEMA,
} from "./fields.ts";
export { textOf } from "./field.ts";
export { type ConfigChange, judgeChange } from "./change.ts";
export { unreadableFiles } from "./files.ts";
export { configJsonSchema } from "./json_schema.ts";
export { readConfigText } from "./load.ts";
export {
  type CheckedConfig,
  checkPlannerConfig,
  type ConfigInput,
  invalidConfig,
  parsePlannerConfig,
} from "./parse.ts";
export type {
  AdmissionConfig,
  ControlApiConfig,
  EngineChoice,
  EnginePick,
  Mode,
  PlannerConfig,
  PowerConfig,
  PrometheusConfig,
  ScalingBand,
  ScalingConfig,
  SchedulingConfig,
  ServiceConfig,
} from "./planner_config.ts";
export { type ConfigProblem, problemLine } from "./problem.ts";
export {
  ALIASES,
  UNSUPPORTED_FIELDS,
  UNSUPPORTED_INSIDE,
  UPSTREAM_ENVIRONMENT,
} from "./upstream.ts";
export { changesAtRunTime } from "./runtime_fields.ts";
export {
  type ConfigWatch,
  type FileWatchOptions,
  watchConfigFile,
} from "./watch.ts";
