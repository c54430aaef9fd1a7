/** Leader election. @module */

export { Elector, type ElectorOptions } from "./elector.ts";
export { leaseObject, type LeaseRecord, readLease } from "./lease_object.ts";
export { LEASE_TIMES, type LeaseTimes } from "./lease_times.ts";
