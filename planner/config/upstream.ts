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

/** Environment variable of upstream → the field it sets. It wins over the file and yields to `WATTKEEPER_<FIELD>`. */
export const UPSTREAM_ENVIRONMENT: Readonly<Record<string, FieldName>> = {
  DYN_PARENT_DGD_K8S_NAMESPACE: "namespace",
  DYN_PARENT_DGD_K8S_NAME: "dgd_name",
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

const PREDICTOR = "Remove it; predictors have no settings yet.";
const LOAD = "Remove it; load scaling has no settings yet.";
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
  backend: unsupported(
    "Write aic_interpolation.backend.",
    "vllm",
  ),
  optimization_target: unsupported(
    "Remove it; the planner scales to ttft_ms and itl_ms, as upstream's sla.",
    "sla",
    "throughput",
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
  max_throughput_scaling_replicas: unsupported(
    "Remove it; the change per decision is not limited.",
    8,
  ),
  scheduling: unsupported(
    "Write throughput_adjustment_interval_seconds and load_adjustment_interval_seconds.",
  ),
  control_api_port: unsupported("Remove it; change the file instead.", 9086),
  isl: unsupported("Write aic_interpolation.isl.", 3000),
  osl: unsupported("Write aic_interpolation.osl.", 150),
  load_predictor_log1p: unsupported(PREDICTOR, false),
  prophet_window_size: unsupported(PREDICTOR, 50),
  kalman_q_level: unsupported(PREDICTOR, 1),
  kalman_q_trend: unsupported(PREDICTOR, 0.1),
  kalman_r: unsupported(PREDICTOR, 10),
  kalman_min_points: unsupported(PREDICTOR, 5),
  max_num_fpm_samples: unsupported(LOAD, 64),
  fpm_sample_bucket_size: unsupported(LOAD, 16),
  load_scaling_down_sensitivity: unsupported(LOAD, 80),
  load_min_observations: unsupported(LOAD, 5),
  prefill_scale_up_queue_tokens: unsupported(LOAD),
  prefill_scale_down_queue_tokens: unsupported(LOAD),
  decode_scale_up_kv_rate: unsupported(LOAD),
  decode_scale_down_kv_rate: unsupported(LOAD),
  speculative_nextn: unsupported(
    "Remove it; speculative decoding is not modelled yet.",
    0,
  ),
  metric_reporting_prometheus_port: unsupported(
    "Remove it; metrics are not served yet.",
    0,
  ),
  live_dashboard_port: unsupported(
    "Remove it; there is no dashboard yet.",
    0,
    8080,
  ),
  report_interval_hours: unsupported(REPORT, 24),
  report_output_dir: unsupported(REPORT),
  report_filename: unsupported(REPORT),
  report_write_gzip_log: unsupported(REPORT, true),
};
