/** The Prometheus source over a scripted server. @module */

import type { Clock } from "../../../cluster/mod.ts";
import type { PrometheusConfig } from "../../../planner/config/mod.ts";
import type { Observation } from "../../../planner/core/mod.ts";
import {
  type PrometheusDeployment,
  PrometheusSource,
} from "../../../planner/sources/mod.ts";
import { vector } from "./scripted_prometheus.ts";

/** A deployment whose names need quoting. */
export const DEPLOYMENT: PrometheusDeployment = {
  sides: ["prefill", "decode"],
  model: 'Qwen/Qwen3 "32B" (a+b)',
  dynamoNamespace: "team-chat",
  kubernetesNamespace: "team",
  dgdName: "chat",
  backend: "vllm",
  source: "frontend",
};

/** Time that stands still until it is told to pass. */
export class HeldClock implements Clock {
  readonly #waiting = new Set<() => void>();
  now = () => 0;
  sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => {
        this.#waiting.delete(resolve);
        resolve();
      });
    });
  /** Everybody's time is over. */
  pass(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A source with no time of its own. */
export function sourceAt(
  url: string,
  { config = {}, deployment = {}, clock = new HeldClock() }: {
    readonly config?: Partial<PrometheusConfig>;
    readonly deployment?: Partial<PrometheusDeployment>;
    readonly clock?: Clock;
  } = {},
): PrometheusSource {
  return new PrometheusSource({
    config: {
      url,
      bearerToken: undefined,
      bearerTokenFile: undefined,
      caBundle: undefined,
      verify: true,
      extraQueryParams: {},
      timeoutSeconds: 10,
      scrapeIntervalSeconds: undefined,
      source: "frontend",
      ...config,
    },
    deployment: { ...DEPLOYMENT, ...deployment },
    clock,
  });
}

/** One window for both kinds of scaling. */
export function look(
  source: PrometheusSource,
  signal = new AbortController().signal,
): Promise<Observation> {
  return source.observe({
    atMs: 5000,
    windowSeconds: 180,
    due: { throughput: true, load: true },
  }, signal);
}

/** Answers a healthy deployment gives, by what is asked. */
export function healthy(query: string): Response {
  if (query.startsWith("time() - max")) return vector(3);
  if (query.startsWith("time() - min")) return vector(185);
  if (query.includes("count_over_time")) return vector(12);
  if (query.includes("__name__")) return vector();
  if (query.includes("requests_started_total")) return vector(90);
  if (query.includes("output_sequence_tokens_sum") && !query.includes(" / ")) {
    return vector(9000);
  }
  if (query.includes("kv_hit_rate")) return vector(0.5);
  if (query.includes("spec_decode")) return vector(2.5);
  if (query.includes("DCGM")) return vector(400);
  return vector(0.5);
}

/** Kinds of the problems that were told. */
export function kinds({ problems }: Observation): readonly string[] {
  return problems?.map(({ kind }) => kind) ?? [];
}
