/** Validation of a whole configuration: rules between fields, precedence, upstream's names, broken files. @module */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert";
import {
  ALIASES,
  checkPlannerConfig,
  FIELD_NAMES,
  parsePlannerConfig,
  problemLine,
  UNSUPPORTED_FIELDS,
  UPSTREAM_ENVIRONMENT,
} from "../../../../planner/config/mod.ts";
import { WattkeeperError } from "../../../../service/mod.ts";

const ENGINE = `
aic_interpolation:
  system: h200_sxm
  backend: vllm
  hf_id: Qwen/Qwen3-32B
  isl: 3000
  osl: 150
  prefill_pick: { tp: 2 }
  decode_pick: { tp: 4 }
`;

function check(
  text: string,
  environment: Readonly<Record<string, string>> = {},
) {
  return checkPlannerConfig({ text, name: "p.yaml", environment });
}

function pathsOf(text: string): string[] {
  return check(`environment: simulated\n${text}`).problems.map(({ path }) =>
    path
  );
}

Deno.test("an empty file lacks only what Kubernetes needs", () => {
  deepStrictEqual(check("").problems.map(({ path }) => path), [
    "namespace",
    "dgd_name",
    "served_model_name",
  ]);
});

Deno.test("an empty file is complete outside Kubernetes", () => {
  const { config } = parsePlannerConfig({
    text: "environment: virtual",
    name: "p.yaml",
  });
  strictEqual(config.power, undefined);
  strictEqual(config.maxGpus, 8);
  deepStrictEqual(config.floors, { prefill: 1, decode: 1, agg: 1 });
});

const RULES: readonly [string, string, readonly string[]][] = [
  ["both kinds of scaling off", "enable_throughput_scaling: false", [
    "enable_throughput_scaling",
  ]],
  [
    "a load interval that is not shorter",
    "enable_load_scaling: true\nload_adjustment_interval_seconds: 180",
    ["load_adjustment_interval_seconds"],
  ],
  [
    "any load interval when load scaling is off",
    "load_adjustment_interval_seconds: 180",
    [],
  ],
  ["a trace source without a trace", "traffic_source: trace", ["trace_file"]],
  ["a lower GPU bound above the upper", "min_gpu_budget: 9", [
    "min_gpu_budget",
  ]],
  [
    "a lower GPU bound without an upper",
    "min_gpu_budget: 9\nmax_gpu_budget: -1",
    [],
  ],
  [
    "a floor for a side that is not there",
    "mode: decode\nprefill_min_endpoint: 1",
    [
      "prefill_min_endpoint",
    ],
  ],
  [
    "per-side floors with aggregated workers",
    "mode: agg\nprefill_min_endpoint: 1\ndecode_min_endpoint: 1",
    ["prefill_min_endpoint", "decode_min_endpoint"],
  ],
  ["floors that need more GPUs than there are", `min_endpoint: 2${ENGINE}`, [
    "max_gpu_budget",
  ]],
  [
    "floors that need just the GPUs that there are",
    `max_gpu_budget: 6${ENGINE}`,
    [],
  ],
  ["power awareness without its numbers", "enable_power_awareness: true", [
    "total_gpu_power_limit",
    "power_agent_safe_default_watts",
  ]],
  ["a zero budget even when the feature is off", "total_gpu_power_limit: 0", [
    "total_gpu_power_limit",
  ]],
  ["the optimizer alone", "enable_aic_optimizer: true", [
    "enable_aic_optimizer",
    "aic_interpolation",
  ]],
  [
    "an engine without the picks of its mode",
    ENGINE.replace(/ {2}prefill_pick.*\n/, ""),
    ["aic_interpolation.prefill_pick"],
  ],
  [
    "an engine with the one pick of its mode",
    `mode: decode${ENGINE.replace(/ {2}prefill_pick.*\n/, "")}`,
    [],
  ],
  ["an engine with two models", `${ENGINE}  model_config: c.json`, [
    "aic_interpolation.hf_id",
  ]],
  [
    "a pick whose GPUs do not add up",
    ENGINE.replace("{ tp: 2 }", "{ tp: 2, num_gpus: 4 }"),
    ["aic_interpolation.prefill_pick.num_gpus"],
  ],
  [
    "experts that do not cover the layout",
    ENGINE.replace("{ tp: 4 }", "{ tp: 4, moe_ep: 2 }"),
    ["aic_interpolation.decode_pick.moe_ep"],
  ],
];

for (const [what, text, paths] of RULES) {
  Deno.test(`${what}: ${paths.length === 0 ? "accepted" : paths.join(", ")}`, () => {
    deepStrictEqual(pathsOf(text), paths);
  });
}

Deno.test("all problems come in one report, and rules speak beside bad values", () => {
  const paths = pathsOf(
    "mode: agg\nttft_ms: -1\nenable_power_awareness: true\nmin_endpont: 2",
  );
  deepStrictEqual(paths, [
    "ttft_ms",
    "min_endpont",
    "total_gpu_power_limit",
    "power_agent_safe_default_watts",
  ]);
});

Deno.test("a wrong value is named once, not once more as missing", () => {
  deepStrictEqual(
    pathsOf(
      "enable_power_awareness: true\ntotal_gpu_power_limit: 12kW\npower_agent_safe_default_watts: 490",
    ),
    ["total_gpu_power_limit"],
  );
});

Deno.test("an unknown field names the nearest known one, at every depth", () => {
  const { problems } = check(
    `environment: simulated\nmax_gpu_bugdet: 4${ENGINE}  backnd: x\n`,
  );
  const lines = problems.map(problemLine);
  ok(lines.some((line) => line.includes("write max_gpu_budget")), lines.join());
  ok(lines.some((line) => line.includes("write backend")), lines.join());
});

Deno.test("problems carry the line of the file", () => {
  const { problems } = check(
    "environment: simulated\n\nttft_ms: -5\naic_interpolation:\n  osl: 0",
  );
  const origins = Object.fromEntries(
    problems.map(({ path, origin }) => [path, origin]),
  );
  strictEqual(origins["ttft_ms"], "p.yaml:3");
  strictEqual(origins["aic_interpolation.osl"], "p.yaml:5");
});

Deno.test("the remedy for a missing budget explains the formula of R30", () => {
  const { problems } = check(
    "environment: virtual\nenable_power_awareness: true",
  );
  ok(problems[0]?.write.includes("rack watts × headroom"));
});

Deno.test("a token is never shown", () => {
  const { problems } = check(
    "environment: virtual\nprometheus_bearer_token: 12345",
  );
  ok(!problems.map(problemLine).join().includes("12345"));
});

Deno.test("flag beats WATTKEEPER_, beats upstream's variable, beats the file", () => {
  const text = "environment: virtual\nprometheus_url: http://file";
  const upstream = { PROMETHEUS_ENDPOINT: "http://upstream" };
  const ours = { ...upstream, WATTKEEPER_PROMETHEUS_URL: "http://ours" };
  const flags = [{
    field: "prometheus_url",
    flag: "--x",
    value: "http://flag",
  }] as const;
  const urlOf = (input: Parameters<typeof parsePlannerConfig>[0]) =>
    parsePlannerConfig(input).config.prometheus.url;
  strictEqual(urlOf({ text, name: "p" }), "http://file");
  strictEqual(
    urlOf({ text, name: "p", environment: upstream }),
    "http://upstream",
  );
  strictEqual(urlOf({ text, name: "p", environment: ours }), "http://ours");
  strictEqual(
    urlOf({ text, name: "p", environment: ours, flags }),
    "http://flag",
  );
});

Deno.test("environment overrides are numbers, switches and JSON where the field is", () => {
  const { config } = parsePlannerConfig({
    text: "environment: virtual",
    name: "p",
    environment: {
      WATTKEEPER_MAX_GPU_BUDGET: "64",
      WATTKEEPER_ADVISORY: "true",
      WATTKEEPER_SERVED_MODEL_NAME: "123",
      WATTKEEPER_PROMETHEUS_EXTRA_QUERY_PARAMS: '{"tenant":"a"}',
      WATTKEEPER_PAUSED: "",
    },
  });
  strictEqual(config.maxGpus, 64);
  strictEqual(config.advisory, true);
  strictEqual(config.servedModelName, "123");
  deepStrictEqual(config.prometheus.extraQueryParams, { tenant: "a" });
  strictEqual(config.paused, false);
});

Deno.test("a bad environment override is reported under its variable", () => {
  const { problems } = check("environment: virtual", {
    WATTKEEPER_TTFT_MS: "fast",
  });
  strictEqual(problems[0]?.origin, "WATTKEEPER_TTFT_MS");
});

Deno.test("upstream's variables fill the identity of the deployment", () => {
  const { config } = parsePlannerConfig({
    text: "served_model_name: m",
    name: "p",
    environment: {
      DYN_PARENT_DGD_K8S_NAMESPACE: "team",
      DYN_PARENT_DGD_K8S_NAME: "chat",
      PROMETHEUS_SSL_VERIFY: "0",
      PROMETHEUS_EXTRA_QUERY_PARAMS: "a=1&b=2",
      DYN_PLANNER_PROMETHEUS_REQUEST_TIMEOUT_SECONDS: "2.5",
    },
  });
  strictEqual(config.namespace, "team");
  strictEqual(config.dgdName, "chat");
  strictEqual(config.prometheus.verify, false);
  deepStrictEqual(config.prometheus.extraQueryParams, { a: "1", b: "2" });
  strictEqual(config.prometheus.timeoutSeconds, 2.5);
});

Deno.test("a CA bundle turns verification on", () => {
  const { config } = parsePlannerConfig({
    text:
      "environment: virtual\nprometheus_verify: false\nprometheus_ca_bundle: ca.pem",
    name: "p",
  });
  strictEqual(config.prometheus.verify, true);
});

Deno.test("aliases and upstream's variables lead to fields that exist", () => {
  for (
    const name of [
      ...Object.values(ALIASES),
      ...Object.values(UPSTREAM_ENVIRONMENT),
    ]
  ) ok(FIELD_NAMES.includes(name), name);
});

Deno.test("upstream's names are read as ours", () => {
  const { config } = parsePlannerConfig({
    text:
      "environment: virtual\nttft: 700\nitl: 30\nmetric_pulling_prometheus_endpoint: http://p\nthroughput_metrics_source: router\nmodel_name: m",
    name: "p",
  });
  strictEqual(config.ttftMs, 700);
  strictEqual(config.itlMs, 30);
  strictEqual(config.prometheus.url, "http://p");
  strictEqual(config.prometheus.source, "router");
  strictEqual(config.servedModelName, "m");
});

Deno.test("a field and its alias together are a problem", () => {
  deepStrictEqual(pathsOf("ttft_ms: 500\nttft: 500"), ["ttft"]);
});

Deno.test("prophet is read as seasonal with a warning", () => {
  const { config, warnings } = parsePlannerConfig({
    text: "environment: virtual\nload_predictor: prophet",
    name: "p",
  });
  strictEqual(config.predictor, "seasonal");
  strictEqual(warnings.length, 1);
});

for (const [name, { harmless }] of Object.entries(UNSUPPORTED_FIELDS)) {
  Deno.test(`upstream's ${name} is a warning at its default and an error otherwise`, () => {
    for (const value of harmless) {
      const found = check(
        JSON.stringify({ environment: "virtual", [name]: value }),
      );
      deepStrictEqual(found.problems, []);
      strictEqual(found.warnings[0]?.path, name);
    }
    const other = check(
      JSON.stringify({ environment: "virtual", [name]: "else" }),
    );
    strictEqual(other.problems[0]?.path, name);
    const absent = check(
      JSON.stringify({ environment: "virtual", [name]: null }),
    );
    deepStrictEqual([absent.problems, absent.warnings], [[], []]);
  });
}

Deno.test("a missing cap with the optimizer off is the safe default, and a warning says so", () => {
  const { warnings } = parsePlannerConfig({
    text:
      "environment: virtual\nenable_power_awareness: true\ntotal_gpu_power_limit: 9000\npower_agent_safe_default_watts: 490\nprefill_engine_gpu_power_limit: 600",
    name: "p",
  });
  deepStrictEqual(warnings.map(({ path }) => path), [
    "decode_engine_gpu_power_limit",
  ]);
  ok(warnings[0]?.write.includes("490 W"));
});

const BROKEN: readonly [string, string][] = [
  ["YAML that does not parse", "mode: [disagg"],
  ["a list", "- mode: disagg"],
  ["a single word", "disagg"],
  ["two documents", "mode: agg\n---\nmode: disagg"],
  ["a field twice", "mode: agg\nmode: disagg"],
  ["aliases that multiply", aliasBomb()],
  ["a megabyte of something else", "x".repeat(1_000_001)],
];
for (const [what, text] of BROKEN) {
  Deno.test(`${what} is one clear problem and no exception`, () => {
    const { config, problems } = check(text);
    strictEqual(config, undefined);
    ok(problems.length >= 1);
    ok(problems.every(({ write }) => write.length > 0));
  });
}

Deno.test("JSON with tabs is read", () => {
  const { config } = check(
    '{\n\t"environment": "virtual",\n\t"ttft_ms": 700\n}',
  );
  strictEqual(config?.ttftMs, 700);
});

Deno.test("a field named as an object's own method is unknown, not a crash", () => {
  deepStrictEqual(pathsOf("constructor: 1\ntoString: 2\n__proto__: {}"), [
    "constructor",
    "toString",
    "__proto__",
  ]);
  ok(
    check("constructor: 1").problems.some(({ found }) =>
      found.includes("not known")
    ),
  );
});

Deno.test("parsePlannerConfig() throws invalid_config with every problem", () => {
  throws(
    () => parsePlannerConfig({ text: "mode: x\nttft: 0", name: "p.yaml" }),
    (error: unknown) =>
      error instanceof WattkeeperError && error.code === "invalid_config" &&
      error.message.includes("p.yaml:1: mode") &&
      error.message.includes("p.yaml:2: ttft_ms"),
  );
});

function aliasBomb(): string {
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [from, to] of ["ab", "bc", "cd", "de", "ef"].map((p) => [...p])) {
    levels.push(
      `${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join()}]`,
    );
  }
  return levels.join("\n");
}
