/** Faults of the simulated world: data, and what plays them. @module */

export { ActiveFaults } from "./active_faults.ts";
export {
  type BiasSignal,
  type Course,
  courseAt,
  endOf,
  type Fault,
  FAULT_KINDS,
  type FaultOf,
  type FaultWhat,
  type ForbiddenWrite,
  type SourceSignal,
  type Watched,
  type Watcher,
} from "./fault.ts";
export {
  FaultPlayer,
  type FaultTarget,
  isFaultKind,
  lasts,
} from "./fault_player.ts";
