/** What needs neither Deno nor Node: the contract, its readers and writers, clocks. The browser's door to this folder. @module */

export * from "./contract.ts";
export { parsePowerLimit, parseWholeWatts } from "./watts.ts";
export {
  compareGenerations,
  formatGeneration,
  type Generation,
  parseGeneration,
} from "./generation.ts";
export {
  formatGrant,
  type Grant,
  type GrantReading,
  parseGrant,
} from "./grant.ts";
export * from "./node_power_report.ts";
export {
  decodeNodePowerReport,
  encodeNodePowerReport,
  type ReportReading,
} from "./report_codec.ts";
export { hasEnded, isOptedIn, type Pod, readPod } from "./pod.ts";
export { type Clock, deadline, type Random, realClock } from "./clock.ts";
