/** The simulated world: a day of traffic and a fluid fleet. @module */

export {
  dayOfTraffic,
  type DayOptions,
  type TrafficOfWindow,
} from "./day_of_traffic.ts";
export {
  type FluidSide,
  type FluidWindow,
  serveWindow,
} from "./fluid_fleet.ts";
export { nearlyNormal, type Random, seededRandom } from "./random.ts";
