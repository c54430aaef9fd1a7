/** Scaling, scheduling, predictors, service: from the file's fields to the code's (C4–C31). @module */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import {
  checkPlannerConfig,
  parsePlannerConfig,
  type PlannerConfig,
  problemLine,
} from "../../../../planner/config/mod.ts";

function configOf(text: string): PlannerConfig {
  return parsePlannerConfig({
    text: `environment: virtual\n${text}`,
    name: "p.yaml",
  }).config;
}

function pathsOf(text: string): readonly string[] {
  return checkPlannerConfig({
    text: `environment: virtual\n${text}`,
    name: "p.yaml",
  }).problems.map(({ path }) => path);
}

Deno.test("target sla keeps both switches as given", () => {
  for (
    const [throughput, load] of [[true, false], [false, true], [true, true]]
  ) {
    const config = configOf(
      `enable_throughput_scaling: ${throughput}\nenable_load_scaling: ${load}`,
    );
    deepStrictEqual(
      [config.throughputScaling, config.loadScaling],
      [throughput, load],
    );
  }
});

for (const target of ["throughput", "latency"]) {
  Deno.test(`target ${target} turns load scaling on and throughput scaling off, whatever the switches say`, () => {
    const config = configOf(
      `optimization_target: ${target}\nenable_throughput_scaling: false`,
    );
    deepStrictEqual(
      [config.throughputScaling, config.loadScaling, config.scaling?.target],
      [false, true, target],
    );
  });
}

Deno.test("target load needs the thresholds of the sides that there are", () => {
  deepStrictEqual(pathsOf("optimization_target: load\nmode: decode"), [
    "decode_scale_up_kv_rate",
    "decode_scale_down_kv_rate",
  ]);
  const { scaling } = configOf(
    "optimization_target: load\nmode: agg\ndecode_scale_up_kv_rate: 90\ndecode_scale_down_kv_rate: 50",
  );
  deepStrictEqual(scaling?.decodeKvShare, { up: 0.9, down: 0.5 });
  strictEqual(scaling?.prefillQueueTokens, undefined);
});

Deno.test("an upper threshold is above the lower one", () => {
  deepStrictEqual(
    pathsOf(
      "optimization_target: load\nmode: prefill\nprefill_scale_up_queue_tokens: 5\nprefill_scale_down_queue_tokens: 5",
    ),
    ["prefill_scale_up_queue_tokens"],
  );
});

Deno.test("thresholds that the target does not read are a warning", () => {
  const { warnings } = parsePlannerConfig({
    text:
      "environment: virtual\ndecode_scale_up_kv_rate: 90\ndecode_scale_down_kv_rate: 50",
    name: "p",
  });
  deepStrictEqual(warnings.map(({ path }) => path), ["optimization_target"]);
});

Deno.test("scaling settings reach the code in its units", () => {
  const { scaling } = configOf(
    "max_throughput_scaling_replicas: 8\nload_scaling_down_sensitivity: 60\nload_min_observations: 3\nmax_num_fpm_samples: 32\nfpm_sample_bucket_size: 25\nspeculative_nextn: 2",
  );
  deepStrictEqual(scaling, {
    target: "sla",
    maxReplicaChange: 8,
    downSensitivity: 0.6,
    minObservations: 3,
    maxSamples: 32,
    sampleBuckets: 25,
    prefillQueueTokens: undefined,
    decodeKvShare: undefined,
    draftTokens: 2,
  });
  strictEqual(configOf("").scaling?.maxReplicaChange, undefined);
});

Deno.test("the loop's interval is the greatest common divisor of the enabled ones", () => {
  const intervalOf = (text: string) =>
    configOf(text).scheduling.scaleIntervalSeconds;
  strictEqual(intervalOf(""), 180);
  strictEqual(intervalOf("enable_load_scaling: true"), 5);
  strictEqual(
    intervalOf(
      "enable_load_scaling: true\nload_adjustment_interval_seconds: 7.5\nthroughput_adjustment_interval_seconds: 60",
    ),
    7.5,
  );
  strictEqual(
    intervalOf(
      "enable_load_scaling: true\nload_adjustment_interval_seconds: 7\nthroughput_adjustment_interval_seconds: 60",
    ),
    1,
  );
  strictEqual(
    intervalOf(
      "enable_load_scaling: true\nscheduling: { scale_interval_seconds: 2.5 }",
    ),
    2.5,
  );
  deepStrictEqual(pathsOf("scheduling: { scale_interval_seconds: 7 }"), [
    "scheduling.scale_interval_seconds",
  ]);
});

Deno.test("scheduling's plugins are a warning when empty and an error otherwise", () => {
  const check = (text: string) =>
    checkPlannerConfig({ text: `environment: virtual\n${text}`, name: "p" });
  const empty = check(
    "scheduling: { external_plugins: [], gateway: null, tick_max_duration_seconds: 9 }",
  );
  strictEqual(empty.config?.scheduling.tickMaxDurationSeconds, 9);
  deepStrictEqual(empty.warnings.map(({ path }) => path), [
    "scheduling.external_plugins",
  ]);
  deepStrictEqual(
    check("scheduling: { gateway: { enabled: true } }").problems.map((
      { path },
    ) => path),
    ["scheduling.gateway"],
  );
});

Deno.test("predictor settings reach the code, with the window of throughput scaling", () => {
  deepStrictEqual(
    configOf(
      "throughput_adjustment_interval_seconds: 30\nload_predictor_log1p: true\nload_predictor_window_size: 64\nkalman_q_level: 2\nkalman_q_trend: 0.5\nkalman_r: 5\nkalman_min_points: 3",
    ).predictorSettings,
    {
      windowSeconds: 30,
      log1p: true,
      fitWindows: 64,
      kalman: { qLevel: 2, qTrend: 0.5, r: 5, minPoints: 3 },
    },
  );
});

Deno.test("the control API is off without a token, and with port 0", () => {
  strictEqual(configOf("").service.controlApi, undefined);
  deepStrictEqual(configOf("control_api_token: t").service.controlApi, {
    port: 9086,
    token: "t",
    tokenFile: undefined,
  });
  strictEqual(
    configOf("control_api_token: t\ncontrol_api_port: 0").service.controlApi,
    undefined,
  );
});

Deno.test("a control token is never shown", () => {
  const { problems } = checkPlannerConfig({
    text: "environment: virtual\ncontrol_api_token: 98765",
    name: "p",
  });
  ok(problems.length === 1 && !problemLine(problems[0]!).includes("98765"));
});

Deno.test("metrics are served where upstream's variable says", () => {
  const { config } = parsePlannerConfig({
    text: "environment: virtual",
    name: "p",
    environment: { PLANNER_PROMETHEUS_PORT: "9085" },
  });
  strictEqual(config.service.metricsPort, 9085);
});

Deno.test("the engine takes backend and lengths from the fields around it", () => {
  const { engine } = configOf(
    "backend: sglang\nisl: 4000\nosl: 300\nmode: decode\nmax_gpu_budget: 8\naic_interpolation: { system: h200_sxm, hf_id: m, osl: 500, decode_pick: { tp: 2 } }",
  );
  strictEqual(engine?.backend, "sglang");
  deepStrictEqual([engine?.islTokens, engine?.oslTokens], [4000, 500]);
  deepStrictEqual(
    pathsOf(
      "backend: sglang\nmode: decode\naic_interpolation: { system: s, backend: vllm, hf_id: m, decode_pick: { tp: 2 } }",
    ),
    ["backend"],
  );
});

Deno.test("Dynamo's namespace is namespace and name unless it is written", () => {
  const identity = "environment: kubernetes\nserved_model_name: m";
  const named = (text: string, environment = {}) =>
    parsePlannerConfig({
      text: `${identity}\n${text}`,
      name: "p",
      environment: {
        DYN_PARENT_DGD_K8S_NAMESPACE: "team",
        DYN_PARENT_DGD_K8S_NAME: "chat",
        ...environment,
      },
    }).config.dynamoNamespace;
  strictEqual(named(""), "team-chat");
  strictEqual(named("", { DYN_NAMESPACE: "other" }), "other");
  strictEqual(named("dynamo_namespace: written"), "written");
});

Deno.test("the namespace of the pod yields to that of the deployment", () => {
  const { config } = parsePlannerConfig({
    text: "environment: virtual",
    name: "p",
    environment: {
      POD_NAMESPACE: "pods",
      DYN_PARENT_DGD_K8S_NAMESPACE: "parent",
    },
  });
  strictEqual(config.namespace, "parent");
});

Deno.test("upstream's query parameters are a strict query string", () => {
  const { problems } = checkPlannerConfig({
    text: "environment: virtual",
    name: "p",
    environment: { PROMETHEUS_EXTRA_QUERY_PARAMS: "tenant" },
  });
  deepStrictEqual(problems.map(({ origin }) => origin), [
    "PROMETHEUS_EXTRA_QUERY_PARAMS",
  ]);
});

Deno.test("a variable that was meant for a field is named", () => {
  const { warnings } = parsePlannerConfig({
    text: "environment: virtual",
    name: "p",
    environment: {
      WATTKEEPER_MAX_GPU_BUGDET: "4",
      WATTKEEPER_ZZZ: "1",
      WATTKEEPER_PROMETHEUS: "/usr/bin/prometheus",
    },
  });
  deepStrictEqual(warnings.map(({ origin }) => origin), [
    "WATTKEEPER_MAX_GPU_BUGDET",
  ]);
  ok(warnings[0]?.write.includes("WATTKEEPER_MAX_GPU_BUDGET"));
});

Deno.test("verification that cannot be turned off is a warning with the way around", () => {
  const warningsOf = (url: string) =>
    parsePlannerConfig({
      text:
        `environment: virtual\nprometheus_verify: false\nprometheus_url: ${url}`,
      name: "p",
    }).warnings.map(({ path }) => path);
  deepStrictEqual(warningsOf("https://prometheus:9090"), ["prometheus_verify"]);
  deepStrictEqual(warningsOf("http://prometheus:9090"), []);
});
