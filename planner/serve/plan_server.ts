/** The planner's HTTP side: fed by the loop's events, never waited for by the loop. @module */

import {
  EventStream,
  type HttpLimits,
  type HttpServer,
  serveHttp,
  type StreamLimits,
} from "../../service/mod.ts";
import {
  faultJson,
  type Json,
  type LoopEvent,
  outcomeJson,
  type PlannerLoop,
  stepJson,
  transitionJson,
} from "../loop/mod.ts";
import { DecisionStore } from "./decision_store.ts";
import type { MetricRegistry } from "./metric_registry.ts";
import { PlannerMetrics } from "./planner_metrics.ts";
import { planRoutes } from "./routes.ts";
import { stateJson } from "./state_json.ts";

/** Where and how the planner is served. */
export interface PlanServerOptions<Ledger> {
  readonly loop: PlannerLoop<Ledger>;
  readonly legacyNames?: boolean;
  readonly streamLimits?: Partial<StreamLimits>;
  /** Brings in what is counted elsewhere, whenever somebody asks for metrics. */
  readonly collect?: ((registry: MetricRegistry) => void) | undefined;
}

/** A loop whose last round is older than this hangs. */
const SICK_AFTER_MS = 60_000;

/** What the loop tells, kept for those who ask. */
export class PlanServer<Ledger> {
  readonly decisions = new DecisionStore();
  readonly stream: EventStream;
  readonly metrics: PlannerMetrics;
  readonly #loop: PlannerLoop<Ledger>;
  readonly #startedAtMs: number;
  readonly #servers: HttpServer[] = [];
  readonly #unlisten: () => void;

  constructor({ loop, ...options }: PlanServerOptions<Ledger>) {
    this.#loop = loop;
    this.#startedAtMs = loop.time.now();
    this.stream = new EventStream(
      options.streamLimits,
      this.#startedAtMs.toString(36).replace(".", "_"),
    );
    const { config } = loop.settings.current();
    this.metrics = new PlannerMetrics({
      legacyNames: options.legacyNames ?? false,
      modelName: config.servedModelName,
      streamReaders: () => this.stream.clients,
      streamDropped: () => this.stream.dropped,
      startedAtSeconds: this.#startedAtMs / 1000,
      collect: options.collect,
    });
    this.metrics.settings(loop.settings.current());
    this.#unlisten = loop.listen((event) => this.#take(event));
  }

  /** Serves metrics, health and the API. @throws when the address cannot be bound */
  listen(
    address: { readonly hostname: string; readonly port: number },
    options: {
      readonly limits?: Partial<HttpLimits>;
      /** Asked first; undefined: the request is for the planner. */
      readonly handle?: (request: Request) => Promise<Response | undefined>;
    } = {},
  ): HttpServer {
    const { limits = {}, handle } = options;
    const routes = planRoutes({
      metrics: () => this.metrics.exposition(),
      decisions: this.decisions,
      stream: this.stream,
      state: () => this.state(),
      sick: () => this.sick(),
      notReady: () => this.notReady(),
      role: () => this.role(),
    });
    const server = serveHttp(
      { ...address, limits, part: "planner.http" },
      async (request) => await handle?.(request) ?? await routes(request),
    );
    this.#servers.push(server);
    return server;
  }

  /** The answer of `/api/v1/state`. */
  state(): Json {
    return stateJson({ loop: this.#loop, startedAtMs: this.#startedAtMs });
  }

  /** Why the process should be restarted; empty: alive. */
  sick(): string[] {
    const ms = this.#loop.sinceRoundMs;
    return ms > SICK_AFTER_MS
      ? [`loop: no round for ${Math.round(ms / 1000)} s`]
      : [];
  }

  /** Why the planner does not do its work; empty: ready. */
  notReady(): string[] {
    const reasons = this.sick();
    if (!this.#loop.last) reasons.push("decision: none yet");
    for (const { part, message } of this.#loop.faults.list()) {
      if (STOPS_WORK.has(part)) reasons.push(`${part}: ${message}`);
    }
    return reasons;
  }

  /** Whether it leads; undefined where there is no election. A standby is ready: it takes over by itself. */
  role(): "leader" | "standby" | undefined {
    const lease = this.#loop.snapshot?.lease;
    if (lease === undefined || this.#loop.withheld === "advisory") {
      return undefined;
    }
    return lease.heldByUs ? "leader" : "standby";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unlisten();
    this.stream.close();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #take(event: LoopEvent): void {
    this.metrics.listener(event);
    switch (event.kind) {
      case "decided":
        return this.stream.publish(
          "decision",
          this.decisions.put(event.record),
        );
      case "staged": {
        if (!event.changed) return;
        const { last } = this.#loop;
        if (last) this.decisions.put(last);
        return this.stream.publish("transition", {
          decision_id: event.sequence,
          withheld: event.withheld ?? null,
          ...transitionJson(event.transition),
        });
      }
      case "step":
        return this.stream.publish("step", {
          at_ms: event.atMs,
          step: stepJson(event.step),
          outcome: outcomeJson(event.outcome),
        });
      case "fault":
        return this.stream.publish("fault", {
          change: event.change.kind,
          ...faultJson(event.change.fault),
        });
      case "settings":
        return this.stream.publish("configuration", {
          at_ms: event.atMs,
          configuration_generation: event.inForce.generation,
        });
      case "observed":
      case "tick_skipped":
      case "tick_timeout":
      case "clock_jump":
      case "started":
      case "stopped":
        return;
    }
  }
}

/** Faults that keep the planner from its work; a source that is down does not: targets hold and caps stand. */
const STOPS_WORK: ReadonlySet<string> = new Set([
  "snapshot",
  "ledger",
  "fleet",
]);
