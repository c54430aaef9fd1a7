/** The Prometheus source: one observation from a dozen queries, asked side by side. @module */

import type { Clock } from "../../../cluster/mod.ts";
import type { PrometheusConfig } from "../../config/mod.ts";
import type { LiveSignals, Observation, PerSide } from "../../core/mod.ts";
import type { ObservationRequest, TrafficSource } from "../source.ts";
import { PrometheusClient } from "./client.ts";
import { Collection, meanOf } from "./collection.ts";
import type { PrometheusDeployment, PrometheusFacts } from "./deployment.ts";
import { engineLoads, engineQueries } from "./engine_queries.ts";
import {
  acceptLengthQuery,
  componentPowerQueries,
  hitRateQuery,
  totalPowerQuery,
  trafficMetrics,
  trafficSelector,
} from "./queries.ts";
import { QueryError } from "./query_error.ts";
import { readTraffic, type Traffic } from "./traffic.ts";

/** What the source is made of. */
export interface PrometheusSourceOptions {
  readonly config: PrometheusConfig;
  readonly deployment: PrometheusDeployment;
  /** Asked once a window; what the cluster does not say is left out. */
  readonly facts?: () => PrometheusFacts;
  readonly clock: Clock;
}

const NO_FACTS: PrometheusFacts = { components: {} };
const NO_TRAFFIC: Traffic = {
  requests: undefined,
  islTokens: undefined,
  oslTokens: undefined,
  ttftMs: undefined,
  itlMs: undefined,
  requestDurationMs: undefined,
  tokensPerSecond: undefined,
};

/** Observes through Prometheus. One collection at a time: a second call waits for the first (P79). */
export class PrometheusSource implements TrafficSource, Disposable {
  readonly #client: PrometheusClient;
  readonly #options: PrometheusSourceOptions;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PrometheusSourceOptions) {
    this.#options = options;
    this.#client = new PrometheusClient(options);
  }

  get name(): string {
    return this.#client.name;
  }

  async observe(
    request: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation> {
    const before = this.#running;
    const mine = (async () => {
      await before;
      signal.throwIfAborted();
      return await this.#collect(request, signal);
    })();
    this.#running = mine.catch(() => {});
    return await mine;
  }

  /**
   * Whether the traffic metrics are there at all; asked once at the start (P77).
   *
   * @returns one sentence for each that is missing, with what to do; empty when all is well or nobody answers
   */
  async missingMetrics(signal: AbortSignal): Promise<readonly string[]> {
    const { deployment } = this.#options;
    const [started, total] = trafficMetrics(deployment).requests;
    const series = trafficSelector(deployment);
    try {
      const { samples } = await this.#client.query(
        `absent(${started}${series} or ${total}${series})`,
        signal,
      );
      if (samples.length === 0) return [];
    } catch (error) {
      if (error instanceof QueryError) return [];
      throw error;
    }
    return [
      `${this.name} has no ${started}${series}. ${
        deployment.source === "router"
          ? "The router needs DYN_SYSTEM_PORT=9090, the pod label nvidia.com/metrics-enabled=true and a PodMonitor."
          : "Scrape the frontends, with the label dynamo_namespace."
      }`,
    ];
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #collect(
    { atMs, windowSeconds, due }: ObservationRequest,
    signal: AbortSignal,
  ): Promise<Observation> {
    const { deployment, config } = this.#options;
    const facts = this.#options.facts?.() ?? NO_FACTS;
    const collection = new Collection((promql) =>
      this.#client.query(promql, signal)
    );
    const [traffic, kvHitRate, acceptLength, power] = await Promise.all([
      due.throughput
        ? readTraffic(collection, deployment, {
          seconds: windowSeconds,
          scrape: { intervalSeconds: config.scrapeIntervalSeconds },
        })
        : NO_TRAFFIC,
      readHitRate(collection, deployment, { facts, seconds: windowSeconds }),
      readAcceptLength(collection, deployment, {
        facts,
        seconds: windowSeconds,
      }),
      readPower(collection, deployment, { facts, seconds: windowSeconds }),
    ]);
    const engines = due.load
      ? await readEngines(collection, deployment, traffic.islTokens)
      : undefined;
    const { requests, islTokens, oslTokens, ...latencies } = traffic;
    const scheduled = (tokens: "Prefill" | "DecodeKv") =>
      engines?.some((engine) => engine[`scheduled${tokens}Tokens`] > 0) ??
        false;
    const live: LiveSignals = {
      ...latencies,
      kvHitRate,
      acceptLength,
      ...power,
      prefillActive: (requests ?? 0) > 0 || scheduled("Prefill"),
      decodeActive: (traffic.tokensPerSecond ?? 0) > 0 ||
        scheduled("DecodeKv"),
      engines,
    };
    const { problems } = collection;
    return {
      atMs,
      windowSeconds,
      requests,
      islTokens,
      oslTokens,
      live,
      ...(problems.length > 0 ? { problems } : {}),
    };
  }
}

interface Window {
  readonly facts: PrometheusFacts;
  readonly seconds: number;
}

/** The workers' namespace at run time first, then the base; NaN ends the search (P75). */
async function readHitRate(
  collection: Collection,
  { dynamoNamespace }: PrometheusDeployment,
  { facts, seconds }: Window,
): Promise<number | undefined> {
  const names = new Set([
    facts.runtimeNamespace ?? dynamoNamespace,
    dynamoNamespace,
  ]);
  for (const namespace of names) {
    const found = await collection.finite(
      "KV hit rate",
      hitRateQuery(namespace, seconds),
    );
    if (!found || found.otherwise > 0) return undefined;
    const [rate] = found.values;
    if (rate !== undefined) return rate >= 0 && rate <= 1 ? rate : undefined;
  }
  return undefined;
}

async function readAcceptLength(
  collection: Collection,
  deployment: PrometheusDeployment,
  { facts, seconds }: Window,
): Promise<number | undefined> {
  const { runtimeComponents = {} } = facts;
  const component = runtimeComponents.decode ?? runtimeComponents.agg ??
    "backend";
  const query = acceptLengthQuery(deployment, {
    namespace: facts.runtimeNamespace ?? deployment.dynamoNamespace,
    component,
    endpoint: facts.endpoint ?? "generate",
    seconds,
  });
  if (query === undefined) return undefined;
  const found = await collection.finite("accept length", query);
  const length = found && meanOf(found.values);
  return length !== undefined && length >= 1 ? length : undefined;
}

/** P80; negative watts are no watts. */
async function readPower(
  collection: Collection,
  { kubernetesNamespace: namespace, dgdName, sides }: PrometheusDeployment,
  { facts, seconds }: Window,
): Promise<Pick<LiveSignals, "drawWatts" | "totalDrawWatts">> {
  if (namespace === undefined || dgdName === undefined) {
    return { drawWatts: {}, totalDrawWatts: undefined };
  }
  const watts = async (what: string, queries: readonly string[]) => {
    for (const query of queries) {
      const found = await collection.finite(what, query);
      if (!found) return undefined;
      const [value] = found.values;
      if (value !== undefined) return value >= 0 ? value : undefined;
    }
    return undefined;
  };
  const [totalDrawWatts, ...bySide] = await Promise.all([
    watts("power", [totalPowerQuery(namespace, dgdName)]),
    ...sides.map(async (side) => {
      const component = facts.components[side];
      if (component === undefined || component === "") return [side] as const;
      const queries = componentPowerQueries({
        namespace,
        dgdName,
        component,
        seconds,
      });
      return [side, await watts(`power of ${side}`, queries)] as const;
    }),
  ]);
  const drawWatts: PerSide<number> = Object.fromEntries(
    bySide.flatMap(([side, value]) =>
      value === undefined ? [] : [[side, value]]
    ),
  );
  return { drawWatts, totalDrawWatts };
}

async function readEngines(
  collection: Collection,
  deployment: PrometheusDeployment,
  islTokens: number | undefined,
): Promise<LiveSignals["engines"]> {
  const queries = engineQueries(deployment);
  const [counts, latencies, model] = await Promise.all([
    collection.samples("engine load", queries.counts),
    collection.samples("engine load", queries.latencies),
    collection.samples("model card", queries.model),
  ]);
  if (!counts || !latencies || !model) return undefined;
  return engineLoads([...counts, ...latencies], model, {
    sides: deployment.sides,
    islTokens,
  });
}
