/** Every field of the planner's configuration (R1), by the name it has in the file. @module */

import { z } from "zod";
import { ENGINE_SCHEMA } from "./engine_fields.ts";
import { field, positive, share, text, whole } from "./field.ts";

const WATTS = "Write watts, a whole number of at least 1";
const SWITCH = "Write true or false.";

const flag = (value: boolean, description: string) =>
  field(z.boolean().default(value), description, SWITCH);
const choice = <const Names extends readonly [string, ...string[]]>(
  names: Names,
  value: Names[number],
  description: string,
) =>
  field(
    z.enum(names).default(value),
    description,
    `Write ${names.slice(0, -1).join(", ")} or ${names.at(-1)}.`,
  );
const coefficient = (description: string) =>
  field(
    z.number().min(0.5).max(2).default(1),
    description,
    "Write a factor from 0.5 to 2.0; 1.0 trusts the model.",
  );

const deployment = {
  mode: choice(
    ["disagg", "agg", "prefill", "decode"],
    "disagg",
    "Which workers the deployment has.",
  ),
  environment: choice(
    ["kubernetes", "virtual", "simulated"],
    "kubernetes",
    "Where the workers run.",
  ),
  namespace: field(
    text().optional(),
    "Kubernetes namespace of the deployment.",
    "Write the namespace, or set DYN_PARENT_DGD_K8S_NAMESPACE.",
  ),
  dgd_name: field(
    text().optional(),
    "Name of the DynamoGraphDeployment.",
    "Write its name, or set DYN_PARENT_DGD_K8S_NAME.",
  ),
  served_model_name: field(
    text().optional(),
    "Name under which the frontend serves the model.",
    "Write the name that clients send as `model`.",
  ),
  paused: flag(
    false,
    "Observe and decide, write nothing until cleared.",
  ),
  advisory: flag(
    false,
    "No write of any kind leaves the process; decisions are computed and shown.",
  ),
};

const scaling = {
  ttft_ms: field(
    positive().default(500),
    "Target for the time to first token.",
    "Write milliseconds above 0, for example 500.",
  ),
  itl_ms: field(
    positive().default(50),
    "Target for the inter-token latency.",
    "Write milliseconds above 0, for example 50.",
  ),
  min_endpoint: field(
    whole(0).default(1),
    "Fewest replicas of a side.",
    "Write a whole number of at least 0.",
  ),
  prefill_min_endpoint: field(
    whole(0).optional(),
    "Fewest prefill replicas; overrides min_endpoint.",
    "Write a whole number of at least 0.",
  ),
  decode_min_endpoint: field(
    whole(0).optional(),
    "Fewest decode replicas; overrides min_endpoint.",
    "Write a whole number of at least 0.",
  ),
  max_gpu_budget: field(
    z.union([z.literal(-1), whole(1)]).default(8),
    "Most GPUs of all workers together.",
    "Write a whole number of at least 1, or -1 for no limit.",
  ),
  min_gpu_budget: field(
    z.union([z.literal(-1), whole(1)]).optional(),
    "Fewest GPUs of all workers together.",
    "Write a whole number of at least 1, or leave it out.",
  ),
  prefill_engine_num_gpu: field(
    whole(1, 1024).optional(),
    "GPUs of one prefill replica where no pick says so.",
    "Write a whole number of at least 1.",
  ),
  decode_engine_num_gpu: field(
    whole(1, 1024).optional(),
    "GPUs of one decode (or aggregated) replica where no pick says so.",
    "Write a whole number of at least 1.",
  ),
  throughput_adjustment_interval_seconds: field(
    positive().default(180),
    "Time between decisions from traffic.",
    "Write seconds above 0, for example 180.",
  ),
  load_adjustment_interval_seconds: field(
    positive().default(5),
    "Time between decisions from live engine load.",
    "Write seconds above 0, shorter than the throughput interval, for example 5.",
  ),
  enable_throughput_scaling: flag(true, "Scale from predicted traffic (R21)."),
  enable_load_scaling: flag(false, "Scale from live engine load (R22)."),
  load_predictor: choice(
    ["constant", "arima", "kalman", "ets", "seasonal"],
    "arima",
    "How the next window's traffic is predicted.",
  ),
  load_predictor_warmup_trace: field(
    text().optional(),
    "Trace file that warms the predictor up.",
    "Write the path of a trace file.",
  ),
  traffic_source: choice(
    ["prometheus", "trace", "simulated"],
    "prometheus",
    "Where traffic is observed.",
  ),
  trace_file: field(
    text().optional(),
    "Trace file that traffic is read from.",
    "Write the path of an Azure LLM CSV or a Mooncake JSON lines file.",
  ),
};

const power = {
  enable_power_awareness: flag(
    false,
    "Keep the sum of the caps within the watt budget.",
  ),
  total_gpu_power_limit: field(
    whole(1).optional(),
    "Watt budget of all GPUs of the deployment.",
    `${WATTS}: rack watts × headroom (0.9; 0.85 when several replicas may start at once) − watts of everything that is not a GPU (R30).`,
  ),
  prefill_engine_gpu_power_limit: field(
    whole(1, 100_000).optional(),
    "Cap of one prefill GPU while the optimizer does not set it.",
    `${WATTS} per GPU.`,
  ),
  decode_engine_gpu_power_limit: field(
    whole(1, 100_000).optional(),
    "Cap of one decode GPU while the optimizer does not set it.",
    `${WATTS} per GPU.`,
  ),
  power_agent_safe_default_watts: field(
    whole(1, 100_000).optional(),
    "Cap that the agents fall back to.",
    `${WATTS}, about 70 % of the GPU's TDP, for example 490 for an H200.`,
  ),
  power_cap_owner: choice(
    ["planner", "deployment"],
    "planner",
    "Who authors the caps.",
  ),
  power_clamp: choice(
    ["exact", "compatible"],
    "exact",
    "How a target that is over the watts is reduced.",
  ),
  budget_below_floor: choice(
    ["shed", "hold_floor"],
    "shed",
    "What a budget below the floor footprint means (R12).",
  ),
  start_mode: choice(
    ["gate", "prearm", "none"],
    "gate",
    "How starts are kept inside the budget (R42).",
  ),
};

const optimizer = {
  enable_aic_optimizer: flag(
    false,
    "Let the performance model choose replicas and caps.",
  ),
  aic_interpolation: field(
    ENGINE_SCHEMA.optional(),
    "The engine that the performance model estimates.",
    "Write { system, backend, hf_id, isl, osl, prefill_pick, decode_pick }.",
  ),
  aic_system: field(
    text().optional(),
    "GPU system of the optimizer; falls back to aic_interpolation.system.",
    "Write the name of a GPU system, for example h200_sxm.",
  ),
  aic_reoptimize_interval: field(
    positive().default(300),
    "Shortest time between two searches.",
    "Write seconds above 0, for example 300.",
  ),
  aic_drift_relative_threshold: field(
    z.number().min(0).default(0.15),
    "How far above the predicted capacity throughput counts as drift.",
    "Write a share of at least 0, for example 0.15.",
  ),
  aic_drift_consecutive_ticks: field(
    whole(1).default(3),
    "Ticks in a row that make a drift.",
    "Write a whole number of at least 1.",
  ),
  aic_initial_c_power_prefill: coefficient(
    "Prefill power coefficient of a cold start.",
  ),
  aic_initial_c_power_decode: coefficient(
    "Decode power coefficient of a cold start.",
  ),
  aic_initial_c_power_agg: coefficient(
    "Aggregated power coefficient of a cold start.",
  ),
  aic_initial_c_ttft: coefficient("TTFT coefficient of a cold start."),
  aic_initial_c_itl: coefficient("ITL coefficient of a cold start."),
  aic_max_consecutive_failures: field(
    whole(1).default(5),
    "Failed searches in a row that turn the optimizer off.",
    "Write a whole number of at least 1.",
  ),
  aic_throughput_regression_warn_threshold: field(
    share().default(0.1),
    "Loss of predicted throughput that is warned about.",
    "Write a share from 0 to 1, for example 0.10.",
  ),
  picker_objective: choice(
    ["throughput", "efficiency"],
    "throughput",
    "What the search maximises: tokens/s, or tokens/s per watt.",
  ),
};

const admission = {
  admission_mode: choice(
    ["off", "inherit", "autoset"],
    "off",
    "Whether frontends get admission thresholds (R18).",
  ),
  admission_safety_margin: field(
    share().default(1),
    "Factor on the admission thresholds.",
    "Write a share from 0 to 1, for example 0.95.",
  ),
  frontend_http_port: field(
    whole(1, 65_535).default(8000),
    "Port of a frontend pod that names none.",
    "Write a port from 1 to 65535.",
  ),
  admission_max_theta_prefill: field(
    share().optional(),
    "Upper limit of the implied prefill admission.",
    "Write a share from 0 to 1.",
  ),
  admission_max_theta_decode: field(
    share().optional(),
    "Upper limit of the implied decode admission.",
    "Write a share from 0 to 1.",
  ),
};

const prometheus = {
  prometheus_url: field(
    z.url({ protocol: /^https?$/ }).default(
      "http://prometheus-kube-prometheus-prometheus.monitoring.svc.cluster.local:9090",
    ),
    "Where Prometheus answers.",
    "Write an http or https address, for example http://prometheus:9090.",
  ),
  prometheus_bearer_token: field(
    text().optional(),
    "Bearer token of Prometheus.",
    "Write the token, or better prometheus_bearer_token_file.",
  ),
  prometheus_bearer_token_file: field(
    text().optional(),
    "File with the bearer token, read again at every request.",
    "Write the path of a file.",
  ),
  prometheus_ca_bundle: field(
    text().optional(),
    "Certificates that Prometheus is verified with; turns verification on.",
    "Write the path of a PEM file.",
  ),
  prometheus_verify: flag(true, "Verify the certificate of Prometheus."),
  prometheus_extra_query_params: field(
    z.record(z.string(), z.string()).default({}),
    "Query parameters added to every request.",
    "Write { name: value } with texts, for example { tenant: team-a }.",
  ),
  prometheus_timeout_seconds: field(
    positive().default(10),
    "Longest wait for an answer of Prometheus.",
    "Write seconds above 0, for example 10.",
  ),
  prometheus_source: choice(
    ["frontend", "router"],
    "frontend",
    "Whose metrics describe the traffic.",
  ),
};

/** The one schema of the planner's configuration. Unknown fields are problems, never ignored. */
export const FIELDS_SCHEMA = z.strictObject({
  ...deployment,
  ...scaling,
  ...power,
  ...optimizer,
  ...admission,
  ...prometheus,
});

/** The fields as they stand in a file, defaults filled in. */
export type Fields = z.infer<typeof FIELDS_SCHEMA>;
/** Name of a field in the file. */
export type FieldName = keyof Fields;
/** Every field name, in the order of the documentation. */
export const FIELD_NAMES = Object.keys(FIELDS_SCHEMA.shape) as FieldName[];
