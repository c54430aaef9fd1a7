/** The loop around the pure core. @module */

export { alwaysSafe } from "./apply_steps.ts";
export type { Listener, LoopEvent, PlanRecord } from "./event.ts";
export {
  type Fault,
  FAULT_PARTS,
  type FaultChange,
  type FaultPart,
  Faults,
  messageOf,
} from "./faults.ts";
export { Lock } from "./lock.ts";
export { type LoopOptions, PlannerLoop } from "./loop.ts";
export { LOOP_TIMES, type LoopTimes } from "./loop_times.ts";
export type {
  Brain,
  Decided,
  LoopClock,
  SavedState,
  StateStore,
} from "./ports.ts";
export { PLANNER_BRAIN } from "./ports.ts";
export {
  alarmJson,
  chargeJson,
  faultJson,
  type Json,
  outcomeJson,
  recordJson,
  stepJson,
  transitionJson,
  waitJson,
  waitText,
} from "./record_json.ts";
export {
  type InForce,
  type Overlay,
  Settings,
  withOverlay,
} from "./settings.ts";
