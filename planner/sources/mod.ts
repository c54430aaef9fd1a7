/** Where observations come from. @module */

export type { ObservationRequest, TrafficSource } from "./source.ts";
export {
  openPrometheusSource,
  PrometheusClient,
  type PrometheusClientOptions,
  type PrometheusDeployment,
  prometheusDeployment,
  type PrometheusFacts,
  PrometheusSource,
  type PrometheusSourceOptions,
  QueryError,
} from "./prometheus/mod.ts";
export {
  badLineText,
  readTrace,
  textChunks,
  type TraceInput,
  type TraceRequest,
  traceSource,
  type TraceSummary,
  traceWindows,
  windowAt,
} from "./trace/mod.ts";
