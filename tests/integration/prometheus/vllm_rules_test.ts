/** The rules of examples/vllm-plain in a real Prometheus, over metrics as vLLM exports them, read by the planner's source. @module */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { realClock } from "../../../cluster/mod.ts";
import { parsePlannerConfig } from "../../../planner/config/mod.ts";
import type { Observation } from "../../../planner/core/mod.ts";
import { openPrometheusSource } from "../../../planner/sources/mod.ts";
import { type ExportedSample, Exporter, histogram } from "./exporter.ts";
import { PROMETHEUS, PrometheusServer, within } from "./prometheus_server.ts";

const EXAMPLE =
  new URL("../../../deploy/examples/vllm-plain/", import.meta.url).pathname;
const SCRAPE_MS = 100;
const WINDOW_SECONDS = 4;
const PATIENCE_MS = 30_000;

/** Requests a second of one pod, and what each is like. */
interface Load {
  readonly requestsPerSecond: number;
  readonly isl: number;
  readonly osl: number;
  readonly ttftSeconds: number;
  readonly itlSeconds: number;
}

/**
 * Metrics of `vllm serve` (V1 engine: `vllm/v1/metrics/loggers.py`; the latency between tokens under its name since 0.11):
 * all have the labels `model_name` and `engine`, successes one series for each `finished_reason`.
 */
function vllmSamples(load: Load, seconds: number): readonly ExportedSample[] {
  const labels = { model_name: "Qwen/Qwen3-32B", engine: "0" };
  const count = load.requestsPerSecond * seconds;
  const of = (name: string, each: number, per = 1) =>
    histogram(`vllm:${name}`, labels, {
      sum: count * per * each,
      count: count * per,
    });
  const ended = (reason: string, share: number): ExportedSample => [
    "vllm:request_success_total",
    { ...labels, finished_reason: reason },
    count * share,
  ];
  return [
    ended("stop", 0.75),
    ended("length", 0.25),
    ended("abort", 0),
    ["vllm:num_requests_running", labels, 3],
    ...of("time_to_first_token_seconds", load.ttftSeconds),
    ...of("inter_token_latency_seconds", load.itlSeconds, load.osl - 1),
    ...of(
      "e2e_request_latency_seconds",
      load.ttftSeconds + (load.osl - 1) * load.itlSeconds,
    ),
    ...of("request_prompt_tokens", load.isl),
    ...of("request_generation_tokens", load.osl),
  ];
}

const near = (found: number | undefined, wanted: number, share = 0.2) =>
  found !== undefined && Math.abs(found - wanted) <= share * wanted;

Deno.test({
  name:
    "two vLLM pods: requests are summed, lengths and latencies are means over both, as the example's planner reads them",
  ignore: PROMETHEUS === undefined,
  fn: async () => {
    const startMs = performance.now();
    const seconds = () => (performance.now() - startMs) / 1000;
    const first = {
      ...{ requestsPerSecond: 20, isl: 1000, osl: 200 },
      ...{ ttftSeconds: 0.2, itlSeconds: 0.02 },
    };
    const second = { ...first, isl: 3000, osl: 100, ttftSeconds: 0.4 };
    await using one = new Exporter(() => vllmSamples(first, seconds()));
    await using two = new Exporter(() => vllmSamples(second, seconds()));
    const rules = await Deno.readTextFile(`${EXAMPLE}rules.yaml`);
    const [group] = parse(rules).groups;
    await using server = await PrometheusServer.start(PROMETHEUS ?? "", {
      targets: [
        { job: "one", address: one.address },
        { job: "two", address: two.address },
      ],
      scrapeMs: SCRAPE_MS,
      // As fast as the scrapes; all else is the file.
      rules: rules.replace(group.interval, `${SCRAPE_MS}ms`),
    });
    const text = await Deno.readTextFile(`${EXAMPLE}settings/planner.yaml`);
    const fields = parse(text);
    const { config } = parsePlannerConfig({
      text: text.replace(fields.prometheus_url, server.url),
      name: "planner.yaml",
      environment: {
        WATTKEEPER_ENVIRONMENT: "kubernetes",
        WATTKEEPER_NAMESPACE: "inference",
        WATTKEEPER_DGD_NAME: "vllm",
        WATTKEEPER_POWER_AGENT_SAFE_DEFAULT_WATTS: "490",
      },
    });
    assert.equal(config.prometheus.url, server.url);
    using source = await openPrometheusSource({ config, clock: realClock });
    let last: Observation | undefined;
    const found = await within(PATIENCE_MS, async () => {
      last = await source.observe({
        atMs: 1000,
        windowSeconds: WINDOW_SECONDS,
        due: { throughput: true, load: true },
      }, new AbortController().signal);
      return near(last.requests, 40 * WINDOW_SECONDS) &&
          near(last.islTokens, 2000) && near(last.oslTokens, 150) &&
          near(last.live?.ttftMs, 300) && near(last.live?.itlMs, 20) &&
          // 0.2 + 199 × 0.02 and 0.4 + 99 × 0.02.
          near(last.live?.requestDurationMs, 3280)
        ? last
        : undefined;
    });
    assert.ok(found, `never seen; the last was ${JSON.stringify(last)}`);
    assert.deepEqual(
      found.problems?.filter(({ kind }) => kind !== "partial") ?? [],
      [],
    );
  },
});
