/** Requests that a frontend has served, as a real Prometheus scrapes them. @module */

import { Exporter } from "../../integration/prometheus/exporter.ts";
import {
  noTraffic,
  serve,
  trafficSamples,
} from "../../integration/prometheus/deployment_metrics.ts";
import {
  PROMETHEUS,
  PrometheusServer,
} from "../../integration/prometheus/prometheus_server.ts";

const SCRAPE_MS = 500;
const EACH = { isl: 3000, osl: 150, ttftSeconds: 0.5, itlSeconds: 0.02 };

/** A frontend's counters at a rate that the test sets. */
export class Traffic implements AsyncDisposable {
  readonly url: string;
  readonly #exporter: Exporter;
  readonly #server: PrometheusServer;
  readonly #counted: { atMs: number; requestsPerSecond: number };

  private constructor(
    exporter: Exporter,
    server: PrometheusServer,
    counted: { atMs: number; requestsPerSecond: number },
  ) {
    this.#exporter = exporter;
    this.#server = server;
    this.#counted = counted;
    this.url = server.url;
  }

  /** Starts with no requests. */
  static async start(
    labels: { readonly dynamo_namespace: string; readonly model: string },
  ): Promise<Traffic> {
    if (PROMETHEUS === undefined) throw new Error("There is no Prometheus.");
    const counters = noTraffic();
    const counted = { atMs: performance.now(), requestsPerSecond: 0 };
    const exporter = new Exporter(() => {
      const nowMs = performance.now();
      const seconds = (nowMs - counted.atMs) / 1000;
      serve(counters, counted.requestsPerSecond * seconds, EACH);
      counted.atMs = nowMs;
      return trafficSamples("dynamo_frontend_", labels, counters);
    });
    const server = await PrometheusServer.start(PROMETHEUS, {
      targets: [{ job: "frontend", address: exporter.address }],
      scrapeMs: SCRAPE_MS,
    });
    return new Traffic(exporter, server, counted);
  }

  set requestsPerSecond(rate: number) {
    this.#counted.requestsPerSecond = rate;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#exporter[Symbol.asyncDispose]();
  }
}
