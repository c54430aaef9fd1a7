/** Upstream's names: aliases that we read, and fields that we know and do not support. @module */

import type { FieldName } from "./fields.ts";

/** Upstream's name of a field → ours. */
export const ALIASES: Readonly<Record<string, FieldName>> = {
  ttft: "ttft_ms",
  itl: "itl_ms",
  model_name: "served_model_name",
  throughput_adjustment_interval: "throughput_adjustment_interval_seconds",
  load_adjustment_interval: "load_adjustment_interval_seconds",
  aic_perf_model: "aic_interpolation",
  throughput_metrics_source: "prometheus_source",
  metric_pulling_prometheus_endpoint: "prometheus_url",
};

/**
 * Environment variable of upstream → the field it sets. It wins over the file and yields to `WATTKEEPER_<FIELD>`; of two
 * for one field the later wins.
 */
export const UPSTREAM_ENVIRONMENT: Readonly<Record<string, FieldName>> = {
  POD_NAMESPACE: "namespace",
  DYN_PARENT_DGD_K8S_NAMESPACE: "namespace",
  DYN_PARENT_DGD_K8S_NAME: "dgd_name",
  DYN_NAMESPACE: "dynamo_namespace",
  PLANNER_PROMETHEUS_PORT: "metric_reporting_prometheus_port",
  PROMETHEUS_ENDPOINT: "prometheus_url",
  PROMETHEUS_TOKEN: "prometheus_bearer_token",
  PROMETHEUS_TOKEN_FILE: "prometheus_bearer_token_file",
  PROMETHEUS_SSL_VERIFY: "prometheus_verify",
  PROMETHEUS_CA_BUNDLE: "prometheus_ca_bundle",
  PROMETHEUS_EXTRA_QUERY_PARAMS: "prometheus_extra_query_params",
  DYN_PLANNER_PROMETHEUS_REQUEST_TIMEOUT_SECONDS: "prometheus_timeout_seconds",
};

/** A field of upstream that has no effect here. */
export interface UnsupportedField {
  /** Values at which ignoring the field is harmless; `null` and absence always are. */
  readonly harmless: readonly unknown[];
  /** What to do instead. */
  readonly instead: string;
}

const REPORT = "Remove it; use --decisions FILE for a record.";
const unsupported = (
  instead: string,
  ...harmless: readonly unknown[]
): UnsupportedField => ({ harmless, instead });

/** Fields of `reference-planner.md` §1 that we know and do not support: a warning when harmless, else an error. */
export const UNSUPPORTED_FIELDS: Readonly<Record<string, UnsupportedField>> = {
  global_planner_namespace: unsupported(
    "Remove it; there is no global planner.",
  ),
  log_dir: unsupported("Remove it; use --decisions FILE for a record."),
  profile_results_dir: unsupported(
    "Remove it; the performance model replaces profiling.",
    "profiling_results",
  ),
  pre_deployment_sweeping_mode: unsupported(
    "Remove it; the performance model replaces profiling.",
    "rapid",
  ),
  prophet_window_size: unsupported(
    "Remove it; seasonal keeps a profile of the day, and load_predictor_window_size is for arima and ets.",
    50,
  ),
  live_dashboard_port: unsupported(
    "Remove it; the dashboard is where --listen serves.",
    0,
    8080,
  ),
  report_interval_hours: unsupported(REPORT, 24),
  report_output_dir: unsupported(REPORT),
  report_filename: unsupported(REPORT),
  report_write_gzip_log: unsupported(REPORT, true),
};

/** The same inside a block that we read. */
export const UNSUPPORTED_INSIDE: Readonly<
  Record<string, Readonly<Record<string, UnsupportedField>>>
> = {
  scheduling: {
    external_plugins: unsupported("Remove it; there are no plugins."),
    gateway: unsupported("Remove it; there are no plugins.", false),
  },
};
