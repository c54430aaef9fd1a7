/** Which fields a running planner takes over from a changed file, and which wait for a restart (R2). @module */

import { FIELD_NAMES, type FieldName, type Fields } from "./fields.ts";

/** Fields that are built into something at the start: what is deployed, where traffic comes from, what is served. */
const AT_START: ReadonlySet<FieldName> = new Set<FieldName>([
  "mode",
  "environment",
  "namespace",
  "dynamo_namespace",
  "dgd_name",
  "served_model_name",
  "backend",
  "isl",
  "osl",
  // Turning it off lets a process write that was started to watch.
  "advisory",
  "scheduling",
  "throughput_adjustment_interval_seconds",
  "load_adjustment_interval_seconds",
  "load_predictor_warmup_trace",
  "traffic_source",
  "trace_file",
  "prefill_engine_num_gpu",
  "decode_engine_num_gpu",
  // The agents have their own; both change together or not at all.
  "power_agent_safe_default_watts",
  "enable_power_awareness",
  "power_cap_owner",
  "start_mode",
  "enable_aic_optimizer",
  "aic_interpolation",
  "aic_system",
  "aic_initial_c_power_prefill",
  "aic_initial_c_power_decode",
  "aic_initial_c_power_agg",
  "aic_initial_c_ttft",
  "aic_initial_c_itl",
  "frontend_http_port",
  "prometheus_url",
  "prometheus_bearer_token",
  "prometheus_bearer_token_file",
  "prometheus_ca_bundle",
  "prometheus_verify",
  "prometheus_extra_query_params",
  "prometheus_timeout_seconds",
  "prometheus_scrape_interval_seconds",
  "prometheus_source",
  "control_api_port",
  "control_api_token",
  "control_api_token_file",
  "metric_reporting_prometheus_port",
]);

/** Whether a change takes effect at the next tick; otherwise it waits for a restart. */
export function changesAtRunTime(name: FieldName): boolean {
  return !AT_START.has(name);
}

/** Fields whose values differ. */
export function changedFields(before: Fields, after: Fields): FieldName[] {
  return FIELD_NAMES.filter((name) =>
    JSON.stringify(before[name]) !== JSON.stringify(after[name])
  );
}

/** The new values, but the old ones where a change waits for a restart. */
export function withoutRestartFields(before: Fields, after: Fields): Fields {
  const kept = FIELD_NAMES.filter((name) => !changesAtRunTime(name))
    .map((name) => [name, before[name]]);
  return { ...after, ...Object.fromEntries(kept) };
}
