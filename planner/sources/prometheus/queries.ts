/** The queries of `reference-planner.md` §12, as texts. @module */

import type { PrometheusDeployment } from "./deployment.ts";
import {
  equals,
  equalsAnyCase,
  literally,
  matches,
  once,
  selector,
  window,
} from "./selector.ts";

/** Names of the traffic metrics of a source (P72–P74). */
export interface TrafficMetrics {
  readonly ttft: string;
  readonly itl: string;
  readonly isl: string;
  readonly osl: string;
  readonly duration: string;
  /** Counters of requests, the better one first. */
  readonly requests: readonly [string, string];
}

const FRONTEND: TrafficMetrics = {
  ttft: "dynamo_frontend_time_to_first_token_seconds",
  itl: "dynamo_frontend_inter_token_latency_seconds",
  isl: "dynamo_frontend_input_sequence_tokens",
  osl: "dynamo_frontend_output_sequence_tokens",
  duration: "dynamo_frontend_request_duration_seconds",
  requests: [
    "dynamo_frontend_requests_started_total",
    "dynamo_frontend_requests_total",
  ],
};

const ROUTER: TrafficMetrics = {
  ttft: "dynamo_component_router_time_to_first_token_seconds",
  itl: "dynamo_component_router_inter_token_latency_seconds",
  isl: "dynamo_component_router_input_sequence_tokens",
  osl: "dynamo_component_router_output_sequence_tokens",
  duration: "dynamo_component_request_duration_seconds",
  requests: [
    "dynamo_component_router_requests_started_total",
    "dynamo_component_router_requests_total",
  ],
};

const HIT_RATE = "dynamo_component_router_kv_hit_rate";
const POWER = "DCGM_FI_DEV_POWER_USAGE";

/** Metrics of the configured source. */
export function trafficMetrics(
  { source }: Pick<PrometheusDeployment, "source">,
): TrafficMetrics {
  return source === "frontend" ? FRONTEND : ROUTER;
}

/** Series of the deployment's traffic. Router metrics carry no model, and their namespace has underscores. */
export function trafficSelector(
  { source, dynamoNamespace, model }: PrometheusDeployment,
): string {
  return source === "frontend"
    ? selector([
      equals("dynamo_namespace", dynamoNamespace),
      equalsAnyCase("model", model),
    ])
    : selector([equals("dynamo_namespace", underscored(dynamoNamespace))]);
}

/** Requests of the window, one series a model and namespace. */
export function requestsQuery(
  metric: string,
  series: string,
  seconds: number,
): string {
  return `sum by(model,dynamo_namespace) (${
    once(`increase(${metric}${series}[${window(seconds)}])`)
  })`;
}

/** Mean of a histogram over the window: sum of all ÷ count of all. NaN without requests. */
export function meanQuery(
  metric: string,
  series: string,
  seconds: number,
): string {
  return `${requestsQuery(`${metric}_sum`, series, seconds)} / ${
    requestsQuery(`${metric}_count`, series, seconds)
  }`;
}

/** Samples of the fullest series in the window: fewer than expected is a gap in the scrapes (P82). */
export function samplesQuery(
  metric: string,
  series: string,
  seconds: number,
): string {
  return `max(count_over_time(${metric}${series}[${window(seconds)}]))`;
}

/**
 * Samples of the fullest window of the last hour: how many a window has when nothing is missing, whatever the scrape
 * interval is.
 */
export function usualSamplesQuery(
  metric: string,
  series: string,
  seconds: number,
): string {
  const step = window(Math.max(1, seconds));
  return `max_over_time((${
    samplesQuery(metric, series, seconds)
  })[1h:${step}])`;
}

/** Seconds since the oldest sample that the window knows of: less than the window while a series is new. */
export function reachQuery(
  metric: string,
  series: string,
  seconds: number,
): string {
  const step = window(seconds / 10);
  return `time() - min(min_over_time(timestamp(${metric}${series})[${
    window(seconds)
  }:${step}]))`;
}

/** Seconds since the newest sample; no answer when the series has gone. */
export function ageQuery(metric: string, series: string): string {
  return `time() - max(timestamp(${metric}${series}))`;
}

/** Mean KV hit rate of the window (P75). */
export function hitRateQuery(namespace: string, seconds: number): string {
  const series = selector([equals("dynamo_namespace", underscored(namespace))]);
  const of = (suffix: string) =>
    `sum(${
      once(`increase(${HIT_RATE}_${suffix}${series}[${window(seconds)}])`)
    })`;
  return `${of("sum")} / ${of("count")}`;
}

/** Tokens accepted a step (P76); undefined for a backend without such a metric. */
export function acceptLengthQuery(
  { backend, model }: PrometheusDeployment,
  { namespace, component, endpoint, seconds }: {
    readonly namespace: string;
    readonly component: string;
    readonly endpoint: string;
    readonly seconds: number;
  },
): string | undefined {
  const workers = [
    equals("dynamo_namespace", namespace),
    equals("dynamo_endpoint", endpoint),
    equals("dynamo_component", component),
  ];
  const series = selector([...workers, equalsAnyCase("model", model)]);
  const range = `${series}[${window(seconds)}]`;
  switch (backend) {
    case "vllm": {
      const rate = (metric: string) =>
        `sum(${once(`rate(${metric}${range})`)})`;
      return `1 + ${rate("vllm:spec_decode_num_accepted_tokens_total")} / ${
        rate("vllm:spec_decode_num_drafts_total")
      }`;
    }
    case "sglang":
      return `avg(avg_over_time(sglang:spec_accept_length${range}))`;
    case "trtllm":
      return `avg(avg_over_time(trtllm_spec_decode_acceptance_length${range}))`;
    default:
      return undefined;
  }
}

/** Draw of all GPUs of the deployment, watts (P80): the exporter's own pod is another one. */
export function totalPowerQuery(namespace: string, dgdName: string): string {
  return `sum(${
    once(`${POWER}${podsOf(namespace, `^${literally(dgdName)}-[0-9]+-.*`)}`)
  })`;
}

/** Mean draw of one GPU of a component over the window, watts; pods of plain Deployments have no replica index. */
export function componentPowerQueries(
  { namespace, dgdName, component, seconds }: {
    readonly namespace: string;
    readonly dgdName: string;
    readonly component: string;
    readonly seconds: number;
  },
): readonly string[] {
  const name = literally(component.toLowerCase());
  return [`[0-9]+-${name}`, name].map((middle) => {
    const pattern = `^${literally(dgdName)}-${middle}-.*`;
    const mean = `avg(${once(`${POWER}${podsOf(namespace, pattern)}`)})`;
    // A step of its own: the server's default may be longer than the window.
    const step = window(Math.min(15, seconds / 4));
    return `avg_over_time((${mean})[${window(seconds)}:${step}])`;
  });
}

function podsOf(namespace: string, pattern: string): string {
  return selector([
    equals("exported_namespace", namespace),
    matches("exported_pod", pattern),
  ]);
}

function underscored(namespace: string): string {
  return namespace.replaceAll("-", "_");
}
