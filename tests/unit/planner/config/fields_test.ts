/** Every field of SPEC §4: its default, values that are taken, values that are refused. @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  checkPlannerConfig,
  FIELD_NAMES,
  type FieldName,
  FIELDS_SCHEMA,
  textOf,
} from "../../../../planner/config/mod.ts";

interface FieldCase {
  /** What the field is when nothing is written. */
  readonly standard?: unknown;
  readonly taken: readonly unknown[];
  readonly refused: readonly unknown[];
}

const SWITCH = (standard: boolean): FieldCase => ({
  standard,
  taken: [true, false],
  refused: ["yes", 1, "true"],
});
const TEXT: FieldCase = { taken: ["a-name"], refused: ["", "  ", 3, true] };
const CHOICE = (
  standard: string,
  ...others: readonly string[]
): FieldCase => ({
  standard,
  taken: [standard, ...others],
  refused: ["", "other", 1],
});
const POSITIVE = (standard: number): FieldCase => ({
  standard,
  taken: [0.5, standard, 1e6],
  refused: [0, -1, NaN, Infinity, "1"],
});
const REPLICAS = (standard?: number): FieldCase => ({
  ...(standard === undefined ? {} : { standard }),
  taken: [0, 1, 64],
  refused: [-1, 1.5, "1", NaN],
});
const COUNT = (standard: number): FieldCase => ({
  standard,
  taken: [1, standard],
  refused: [0, -1, 1.5, "3"],
});
const SHARE = (standard?: number): FieldCase => ({
  ...(standard === undefined ? {} : { standard }),
  taken: [0, 0.5, 1],
  refused: [-0.01, 1.01, NaN, "0.5"],
});
const WATTS: FieldCase = {
  taken: [1, 490, 700],
  refused: [0, -1, 0.5, "700", 1e9],
};
const COEFFICIENT: FieldCase = {
  standard: 1,
  taken: [0.5, 1.15, 2],
  refused: [0.49, 2.01, NaN, "1"],
};

const VARIANCE = (standard: number): FieldCase => ({
  standard,
  taken: [0, standard, 1e6],
  refused: [-0.1, NaN, Infinity, "1"],
});
const PERCENT = (standard?: number): FieldCase => ({
  ...(standard === undefined ? {} : { standard }),
  taken: [0, 55.5, 100],
  refused: [-1, 101, NaN, "80"],
});
const THRESHOLD: FieldCase = {
  taken: [0, 1024.5, 1e6],
  refused: [-1, NaN, "1"],
};
const PORT = (standard: number): FieldCase => ({
  standard,
  taken: [0, 1, 65_535],
  refused: [-1, 65_536, 80.5, "80"],
});

const CASES: Readonly<Record<FieldName, FieldCase>> = {
  mode: CHOICE("disagg", "agg", "prefill", "decode"),
  environment: CHOICE("kubernetes", "virtual", "simulated"),
  namespace: TEXT,
  dynamo_namespace: TEXT,
  dgd_name: TEXT,
  served_model_name: TEXT,
  backend: {
    taken: ["vllm", "sglang", "trtllm"],
    refused: ["", "mocker", 1],
  },
  isl: { standard: 3000, taken: [1, 10_000_000], refused: [0, 1.5, "1"] },
  osl: { standard: 150, taken: [1, 10_000_000], refused: [0, 1.5, "1"] },
  paused: SWITCH(false),
  advisory: SWITCH(false),
  ttft_ms: POSITIVE(500),
  itl_ms: POSITIVE(50),
  min_endpoint: REPLICAS(1),
  prefill_min_endpoint: REPLICAS(),
  decode_min_endpoint: REPLICAS(),
  max_gpu_budget: {
    standard: 8,
    taken: [1, 64, -1],
    refused: [0, -2, 1.5, "8"],
  },
  min_gpu_budget: { taken: [1, -1], refused: [0, -2, 1.5, "8"] },
  prefill_engine_num_gpu: { taken: [1, 8], refused: [0, -1, 1.5] },
  decode_engine_num_gpu: { taken: [1, 8], refused: [0, -1, 1.5] },
  throughput_adjustment_interval_seconds: POSITIVE(180),
  load_adjustment_interval_seconds: POSITIVE(5),
  enable_throughput_scaling: SWITCH(true),
  enable_load_scaling: SWITCH(false),
  optimization_target: CHOICE("sla", "throughput", "latency", "load"),
  max_throughput_scaling_replicas: {
    taken: [1, 8, 1000],
    refused: [0, -1, 1.5, "8"],
  },
  scheduling: {
    standard: { tick_max_duration_seconds: 30 },
    taken: [{}, { scale_interval_seconds: 2.5 }, {
      tick_max_duration_seconds: 1,
    }],
    refused: [{ scale_interval_seconds: 0 }, { tick: 1 }, 5, []],
  },
  load_predictor: CHOICE("arima", "constant", "kalman", "ets", "seasonal"),
  load_predictor_log1p: SWITCH(false),
  load_predictor_window_size: {
    standard: 512,
    taken: [16, 2048],
    refused: [15, 2049, 100.5, "512"],
  },
  kalman_q_level: VARIANCE(1),
  kalman_q_trend: VARIANCE(0.1),
  kalman_r: VARIANCE(10),
  kalman_min_points: COUNT(5),
  load_predictor_warmup_trace: TEXT,
  traffic_source: CHOICE("prometheus", "trace", "simulated"),
  trace_file: TEXT,
  load_scaling_down_sensitivity: PERCENT(80),
  load_min_observations: COUNT(5),
  max_num_fpm_samples: COUNT(64),
  fpm_sample_bucket_size: {
    standard: 16,
    taken: [1, 4, 9, 16, 25],
    refused: [0, 2, 3, 5, 7, 10, 4.5, "16"],
  },
  prefill_scale_up_queue_tokens: THRESHOLD,
  prefill_scale_down_queue_tokens: THRESHOLD,
  decode_scale_up_kv_rate: PERCENT(),
  decode_scale_down_kv_rate: PERCENT(),
  speculative_nextn: {
    standard: 0,
    taken: [0, 3],
    refused: [-1, 1.5, "3"],
  },
  enable_power_awareness: SWITCH(false),
  total_gpu_power_limit: {
    taken: [1, 12000, 400000],
    refused: [0, -1, 0.5, "12kW", NaN],
  },
  prefill_engine_gpu_power_limit: WATTS,
  decode_engine_gpu_power_limit: WATTS,
  power_agent_safe_default_watts: WATTS,
  power_cap_owner: CHOICE("planner", "deployment"),
  power_clamp: CHOICE("exact", "compatible"),
  budget_below_floor: CHOICE("shed", "hold_floor"),
  start_mode: CHOICE("gate", "prearm", "none"),
  enable_aic_optimizer: SWITCH(false),
  aic_interpolation: {
    taken: [{
      system: "h200_sxm",
      backend: "vllm",
      hf_id: "Qwen/Qwen3-32B",
      isl: 3000,
      osl: 150,
      prefill_pick: { tp: 2 },
      decode_pick: { tp: 2 },
    }],
    refused: [{}, "h200_sxm", { system: "h200_sxm", isl: 0 }],
  },
  aic_system: TEXT,
  aic_reoptimize_interval: POSITIVE(300),
  aic_drift_relative_threshold: {
    standard: 0.15,
    taken: [0, 2],
    refused: [-0.1, NaN, "0.1"],
  },
  aic_drift_consecutive_ticks: COUNT(3),
  aic_initial_c_power_prefill: COEFFICIENT,
  aic_initial_c_power_decode: COEFFICIENT,
  aic_initial_c_power_agg: COEFFICIENT,
  aic_initial_c_ttft: COEFFICIENT,
  aic_initial_c_itl: COEFFICIENT,
  aic_max_consecutive_failures: COUNT(5),
  aic_throughput_regression_warn_threshold: SHARE(0.1),
  picker_objective: CHOICE("throughput", "efficiency"),
  admission_mode: CHOICE("off", "inherit", "autoset"),
  admission_safety_margin: SHARE(1),
  frontend_http_port: {
    standard: 8000,
    taken: [1, 65535],
    refused: [0, 65536, 80.5, "80"],
  },
  admission_max_theta_prefill: SHARE(),
  admission_max_theta_decode: SHARE(),
  prometheus_url: {
    standard:
      "http://prometheus-kube-prometheus-prometheus.monitoring.svc.cluster.local:9090",
    taken: ["http://prometheus:9090", "https://example.org/select"],
    refused: ["prometheus:9090", "file:///etc/passwd", "", 9090],
  },
  prometheus_bearer_token: TEXT,
  prometheus_bearer_token_file: TEXT,
  prometheus_ca_bundle: TEXT,
  prometheus_verify: SWITCH(true),
  prometheus_extra_query_params: {
    standard: {},
    taken: [{}, { tenant: "a" }],
    refused: [{ tenant: 1 }, "a=b", ["a"]],
  },
  prometheus_timeout_seconds: POSITIVE(10),
  prometheus_scrape_interval_seconds: {
    taken: [0.5, 15, 60],
    refused: [0, -1, NaN, "15"],
  },
  prometheus_source: CHOICE("frontend", "router"),
  control_api_port: PORT(9086),
  control_api_token: TEXT,
  control_api_token_file: TEXT,
  metric_reporting_prometheus_port: PORT(0),
};

Deno.test("every field has a case, a description and a word on what to write", () => {
  deepStrictEqual(Object.keys(CASES).sort(), [...FIELD_NAMES].sort());
  for (const name of FIELD_NAMES) {
    const text = textOf(FIELDS_SCHEMA.shape[name]);
    ok(text !== undefined && text.description.endsWith("."), name);
    ok(text.write.startsWith("Write "), name);
  }
});

for (const name of FIELD_NAMES) {
  const { standard, taken, refused } = CASES[name];
  const schema = FIELDS_SCHEMA.shape[name];

  Deno.test(`${name} is ${JSON.stringify(standard) ?? "absent"} when nothing is written`, () => {
    const parsed = schema.safeParse(undefined);
    ok(parsed.success);
    deepStrictEqual(parsed.data, standard);
  });

  Deno.test(`${name} takes and refuses what its rule says`, () => {
    for (const value of taken) {
      ok(schema.safeParse(value).success, JSON.stringify(value));
    }
    for (const value of refused) {
      ok(!schema.safeParse(value).success, String(value));
    }
  });

  Deno.test(`${name} is reported by its path, with the value found and what to write`, () => {
    const [value] = refused;
    const { problems } = checkPlannerConfig({
      text: JSON.stringify({ environment: "simulated", [name]: value }),
      name: "planner.json",
    });
    const problem = problems.find(({ path }) => path.split(".")[0] === name);
    ok(problem, `${name}: ${JSON.stringify(problems)}`);
    ok(problem.found.startsWith("found "), problem.found);
    ok(problem.write.startsWith("Write "), problem.write);
    strictEqual(problem.origin, "planner.json:1");
  });
}
