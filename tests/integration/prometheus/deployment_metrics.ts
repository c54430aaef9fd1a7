/** What the parts of a deployment export, as numbers that a test changes. @module */

import { type ExportedSample, histogram } from "./exporter.ts";

/** Counters of one frontend or router. */
export interface TrafficCounters {
  requests: number;
  isl: number;
  osl: number;
  ttftSeconds: number;
  itlSeconds: number;
}

export const FRONTEND_LABELS = {
  dynamo_namespace: "team-chat",
  model: "qwen/qwen3-32b",
};

/** Adds requests that are all alike. */
export function serve(
  counters: TrafficCounters,
  requests: number,
  each = { isl: 512, osl: 128, ttftSeconds: 0.25, itlSeconds: 0.02 },
): void {
  counters.requests += requests;
  counters.isl += requests * each.isl;
  counters.osl += requests * each.osl;
  counters.ttftSeconds += requests * each.ttftSeconds;
  counters.itlSeconds += requests * each.itlSeconds;
}

/** Counters at zero. */
export function noTraffic(): TrafficCounters {
  return { requests: 0, isl: 0, osl: 0, ttftSeconds: 0, itlSeconds: 0 };
}

/** Samples of a frontend (`dynamo_frontend_`) or a router (`dynamo_component_router_`). */
export function trafficSamples(
  prefix: string,
  labels: Readonly<Record<string, string>>,
  counters: TrafficCounters,
): readonly ExportedSample[] {
  const count = counters.requests;
  const of = (name: string, sum: number) =>
    histogram(`${prefix}${name}`, labels, { sum, count });
  return [
    [`${prefix}requests_started_total`, labels, counters.requests],
    ...of("time_to_first_token_seconds", counters.ttftSeconds),
    ...of("inter_token_latency_seconds", counters.itlSeconds),
    ...of("request_duration_seconds", counters.ttftSeconds * 10),
    ...of("input_sequence_tokens", counters.isl),
    ...of("output_sequence_tokens", counters.osl),
  ];
}

/** Draw of one GPU as the DCGM exporter attributes it. */
export function draw(
  pod: string,
  gpu: number,
  watts: number,
): ExportedSample {
  return ["DCGM_FI_DEV_POWER_USAGE", {
    gpu: String(gpu),
    UUID: `GPU-${pod}-${gpu}`,
    pod: "team-chat-0-exporter",
    namespace: "monitoring",
    exported_pod: pod,
    exported_namespace: "team",
  }, watts];
}

/** Gauges of one worker as a frontend exports them. */
export function workerSamples(
  type: string,
  id: string,
  gauges: Readonly<Record<string, number>>,
): readonly ExportedSample[] {
  return Object.entries(gauges).map(([name, value]): ExportedSample => [
    `dynamo_frontend_worker_${name}`,
    {
      dynamo_namespace: "team-chat",
      worker_id: id,
      dp_rank: "0",
      worker_type: type,
    },
    value,
  ]);
}

/** The model's card as a frontend exports it. */
export function cardSamples(
  card: Readonly<Record<string, number>>,
): readonly ExportedSample[] {
  return Object.entries(card).map(([name, value]): ExportedSample => [
    `dynamo_frontend_model_${name}`,
    FRONTEND_LABELS,
    value,
  ]);
}
