/** What the way to an API server has counted, as metrics. @module */

import type { FleetCounts } from "../fleets/mod.ts";
import type { MetricRegistry } from "./metric_registry.ts";

/** Brings the counts in. */
export function collectApiCounts(
  registry: MetricRegistry,
  counts: FleetCounts,
): void {
  registry.total("apiRequests", counts.requests);
  registry.total("apiLease", counts.leaseRequests);
  registry.total("apiThrottled", counts.throttled);
  registry.total("apiConflicts", counts.conflicts);
  registry.total("apiEvents", counts.eventsWritten, { outcome: "written" });
  registry.total("apiEvents", counts.eventsFailed, { outcome: "failed" });
  for (const { resource, lists, watches, ageSeconds } of counts.watches) {
    registry.total("apiLists", lists, { resource });
    registry.total("apiWatches", watches, { resource });
    registry.set("apiWatchAge", ageSeconds, { resource });
  }
}
