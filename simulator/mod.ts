/** The simulated world: traffic, a cluster with nodes and agents, and engines. @module */

export * from "./cluster/mod.ts";
export * from "./faults/mod.ts";
export * from "./requests/mod.ts";
export * from "./world/mod.ts";
export {
  dayOfTraffic,
  type DayOptions,
  type TrafficOfWindow,
} from "./day_of_traffic.ts";
export { nearlyNormal, type Random, seededRandom } from "./random.ts";
