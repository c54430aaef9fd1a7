/** Traffic, latencies, power and engine load from Prometheus (`reference-planner.md` §12). @module */

export type { PrometheusDeployment, PrometheusFacts } from "./deployment.ts";
export { PrometheusClient, type PrometheusClientOptions } from "./client.ts";
export { openPrometheusSource, prometheusDeployment } from "./from_config.ts";
export { QueryError } from "./query_error.ts";
export { PrometheusSource, type PrometheusSourceOptions } from "./source.ts";
