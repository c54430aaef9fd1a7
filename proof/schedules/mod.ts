/** Random schedules of faults: made from seeds, run, checked, made small, replayed. @module */

export { type Failure, failureText, readFailure } from "./failure_file.ts";
export { FORMULA_TRUTH, formulaModel } from "./formula_engine.ts";
export { generateSchedule } from "./generate.ts";
export {
  type ManyOptions,
  type ManyResult,
  runMany,
  type SeedResult,
} from "./run_many.ts";
export {
  REST_WITHIN_MS,
  type RunOptions,
  type RunResult,
  runSchedule,
} from "./run_schedule.ts";
export type { Schedule, ScheduledFleet } from "./schedule.ts";
export { shrinkSchedule, type Shrunk } from "./shrink.ts";
export { INVARIANTS, type Violation } from "./violation.ts";
