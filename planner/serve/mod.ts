/** Metrics, health, decisions, state, stream, and the control API of a running planner. @module */

export { collectApiCounts } from "./api_metrics.ts";
export { checkChange, controlHandler, type ControlOptions } from "./control.ts";
export { DecisionStore, KEPT_DECISIONS } from "./decision_store.ts";
export {
  LEGACY_METRICS,
  type LegacyRow,
  METRIC_PREFIX,
  type MetricKey,
  type MetricRow,
  METRICS,
} from "./metric_table.ts";
export { PlanServer, type PlanServerOptions } from "./plan_server.ts";
export { MetricRegistry } from "./metric_registry.ts";
export { PlannerMetrics } from "./planner_metrics.ts";
