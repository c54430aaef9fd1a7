/** The virtual fleet: decisions published on HTTP for another orchestrator. @module */

export { MOST_BODY_BYTES, MOST_WAIT_SECONDS, MOST_WAITING } from "./http.ts";
export {
  OBSERVED_PATH,
  STALE_MS,
  VirtualFleet,
  type VirtualFleetOptions,
  WANTED_PATH,
} from "./virtual_fleet.ts";
