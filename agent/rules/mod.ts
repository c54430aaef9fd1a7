/** The agent's pure rules, for worlds that simulate a node: no device, no socket, no file is loaded with them. @module */

export { adoptedEntries } from "../adopt.ts";
export { DriftLog } from "../drift.ts";
export {
  type Applied,
  type GpuEntry,
  ourWatts,
  type Owner,
  ownersOf,
} from "../entry.ts";
export { vacated } from "../free.ts";
export { gateStateOf } from "../gate_state.ts";
export { decide } from "../policy.ts";
export type { GpuLimits, GpuOwnership } from "../ports.ts";
export type { Decision, PolicyConfig, Situation } from "../situation.ts";
