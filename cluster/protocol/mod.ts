/** The contract's pure part: what is written and read, and no way to an API server. The planner's core stands on it. @module */

export * from "../contract.ts";
export {
  compareGenerations,
  formatGeneration,
  type Generation,
  parseGeneration,
} from "../generation.ts";
export {
  formatGrant,
  type Grant,
  type GrantReading,
  parseGrant,
} from "../grant.ts";
export * from "../node_power_report.ts";
export { hasEnded, type Pod } from "../pod.ts";
export { compareVersions, isOlder } from "../resource_version.ts";
export { parsePowerLimit, parseWholeWatts } from "../watts.ts";
