/** Events for people. @module */

export type { EventReason, FleetEvent } from "./fleet_event.ts";
export { LoopTeller } from "./from_loop.ts";
export {
  EventRecorder,
  type RecorderCounts,
  type RecorderOptions,
} from "./recorder.ts";
