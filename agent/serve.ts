/** `/metrics`, `/healthz`, `/readyz`, `/status`: what a node tells those who ask. @module */

import { METRICS_CONTENT_TYPE } from "../service/mod.ts";
import { formatGeneration } from "../cluster/mod.ts";
import type { Agent } from "./agent.ts";
import {
  type HttpServer,
  type HttpServerOptions,
  serveHttp,
} from "./http_server.ts";
import { agentMetrics } from "./metrics.ts";
import { type GpuStatus, limitWattsOf, troubleOf } from "./status.ts";

/** Answers one request. Reads only memory: a hung GPU or a slow client holds up nobody. */
export function handle(agent: Agent, request: Request): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  switch (new URL(request.url).pathname) {
    case "/metrics":
      return new Response(agentMetrics(agent), {
        headers: { "content-type": METRICS_CONTENT_TYPE },
      });
    case "/healthz":
      return new Response("ok\n");
    case "/readyz":
      return readiness(agent);
    case "/status":
      return Response.json(statusOf(agent));
    default:
      return new Response(null, { status: 404 });
  }
}

/** Serves until the signal aborts. @throws when the address cannot be bound: a blind node must not look healthy */
export function serveAgent(
  agent: Agent,
  where: Omit<HttpServerOptions, "clock">,
): HttpServer {
  return serveHttp(
    { ...where, clock: agent.options.clock },
    (request) => handle(agent, request),
  );
}

function readiness(agent: Agent): Response {
  const troubles = agent.troubles();
  const { lastGoodAtMs } = agent.options.reconciler;
  const age = lastGoodAtMs === undefined
    ? "none"
    : ((agent.options.clock.now() - lastGoodAtMs) / 1000).toFixed(1);
  const ready = troubles.length === 0;
  const head = `${ready ? "ok" : "not-ready"} last_good_cycle_age_s=${age}`;
  return new Response([head, ...troubles, ""].join("\n"), {
    status: ready ? 200 : 503,
  });
}

/** The answer of `/status`; field names are snake_case with units and stable. */
export function statusOf(agent: Agent) {
  const { reconciler, facts, view, sink } = agent.options;
  const { store, nvml, dryRun } = reconciler.options;
  return {
    node: facts.nodeName,
    agent_version: facts.agentVersion,
    boot_id: facts.bootId,
    library: nvml.driver.library,
    driver_version: nvml.driver.driverVersion,
    safe_default_watts: facts.safeDefaultWatts,
    dry_run: dryRun,
    ready: agent.troubles().length === 0,
    troubles: agent.troubles(),
    record: store.health,
    pod_view: view.snapshot().freshness,
    report_fault: sink.fault() ?? null,
    gate_waiting: agent.gate.waiting(),
    gpus: reconciler.statuses().map(gpuStatus),
  };
}

function gpuStatus(status: GpuStatus) {
  const { identity, decision, outcome, telemetry, entry, ownership } = status;
  const { limits } = outcome;
  const generation = entry?.applied?.owners.find(({ uid }) =>
    uid === decision.pod?.uid
  )?.generation;
  return {
    uuid: identity.uuid,
    index: identity.index,
    model: identity.model,
    mig: identity.mig,
    state: outcome.state,
    reason: outcome.reason,
    trouble: troubleOf(status) ?? null,
    occupancy: decision.occupancy,
    gate: status.gate,
    pod: decision.pod ?? null,
    requested_watts: decision.requestedWatts ?? null,
    target_watts: "watts" in decision ? decision.watts ?? null : null,
    management_watts: limits?.managementWatts ?? null,
    enforced_watts: limits?.enforcedWatts ?? null,
    limit_watts: limitWattsOf(outcome) ?? null,
    default_watts: limits?.defaultWatts ?? null,
    min_watts: limits?.minWatts ?? null,
    max_watts: limits?.maxWatts ?? null,
    draw_watts: telemetry?.drawWatts ?? null,
    persistence_mode: telemetry?.persistenceMode ?? null,
    throttle_reasons: telemetry?.throttleReasons ?? null,
    applied_generation: generation ? formatGeneration(generation) : null,
    recorded_watts: entry?.applied?.watts ?? null,
    before_watts: entry?.beforeWatts ?? null,
    drift: status.drift ?? null,
    attribution: ownership.attribution.kind,
    notes: ownership.notes,
  };
}
