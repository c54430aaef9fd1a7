/** The answer of `sweep` as JSON: snake_case, units in names, stable (`SPEC.md` §13). @module */

import type { Layout } from "../estimate_case.ts";
import type { FleetCandidate, FleetResult, FleetSide } from "./answer.ts";
import type { Relaxation, WattsPoint } from "./frontier.ts";
import type { FleetQuery, FleetSpace } from "./question.ts";

/** Everything that a sweep found. */
export interface SweepAnswer {
  readonly space: FleetSpace;
  readonly query: FleetQuery;
  readonly result: FleetResult;
  readonly userFrontier: readonly FleetCandidate[];
  readonly wattsFrontier: readonly WattsPoint[];
  readonly relaxations: readonly Relaxation[];
  readonly loadMs: number;
  readonly frontierMs: number;
}

/** A layout with the names people write. */
export function layoutRecord({ tp, pp, dp, moeTp, moeEp, cp }: Layout) {
  return {
    tp,
    pp,
    dp,
    moe_tp: moeTp,
    moe_ep: moeEp,
    ...(cp > 1 ? { cp } : {}),
  };
}

function sideRecord(side: FleetSide) {
  return {
    replicas: side.replicas,
    ...layoutRecord(side.layout),
    batch_size: side.batchSize,
    ...(side.contextTokens === undefined
      ? {}
      : { context_tokens: side.contextTokens }),
    cap_watts: side.capWatts ?? null,
    predicted_watts: side.predictedWatts,
    draw_watts: side.drawWatts,
    relative_clock: side.clock ?? null,
    latency_error: side.latencyError,
    requests_per_second: side.requestsPerSecond,
    latency_source: side.latencySource,
    power_source: side.powerSource,
  };
}

/** One fleet; `requests_per_second` of a side is one replica's, that of the fleet is what the weakest side sustains. */
export function candidateRecord(fleet: FleetCandidate) {
  return {
    mode: fleet.mode,
    ...(fleet.prefill ? { prefill: sideRecord(fleet.prefill) } : {}),
    ...(fleet.decode ? { decode: sideRecord(fleet.decode) } : {}),
    ...(fleet.workers ? { workers: sideRecord(fleet.workers) } : {}),
    tokens_per_second: fleet.tokensPerSecond,
    requests_per_second: fleet.requestsPerSecond,
    served_requests_per_second: fleet.servedRequestsPerSecond,
    ttft_ms: fleet.ttftMs ?? null,
    itl_ms: fleet.itlMs ?? null,
    gpus: fleet.gpus,
    watts: fleet.watts,
    tokens_per_second_per_watt: fleet.watts > 0
      ? fleet.tokensPerSecond / fleet.watts
      : 0,
    theta_prefill: fleet.thetaPrefill ?? null,
    theta_decode: fleet.thetaDecode ?? null,
  };
}

/** The whole answer. */
export function sweepRecord(answer: SweepAnswer) {
  const { space, query, result } = answer;
  const { provenance, infeasible } = result;
  return {
    query: {
      model: space.model,
      system: space.system,
      backend: space.backend,
      backend_version: space.backendVersion ?? null,
      mode: space.mode,
      total_gpus: query.totalGpus ?? null,
      isl: query.isl,
      osl: query.osl,
      prefix: query.prefix ?? 0,
      ttft_ms: query.ttftMs,
      itl_ms: query.itlMs,
      power_budget_watts: query.budgetWatts ?? null,
      request_rate: query.requestRate ?? null,
      objective: query.objective ?? "throughput",
      caps: query.caps.kind,
      pins: Object.fromEntries(
        Object.entries(space.pins ?? {}).map((
          [side, layout],
        ) => [side, layoutRecord(layout)]),
      ),
    },
    best: result.best ? candidateRecord(result.best) : null,
    infeasible: infeasible ?? null,
    ranked: result.ranked.map(candidateRecord),
    frontier: answer.userFrontier.map(candidateRecord),
    watts_frontier: answer.wattsFrontier.map(({ budgetWatts, best }) => ({
      power_budget_watts: budgetWatts,
      ...candidateRecord(best),
    })),
    relaxations: answer.relaxations.map((one) => ({
      constraint: one.constraint,
      from: one.from,
      to: one.to,
      tokens_per_second_gained: one.tokensPerSecondGained,
    })),
    stats: {
      candidates: result.stats.candidates,
      rows: result.stats.rows,
      search_ms: result.stats.searchMs,
      frontier_ms: answer.frontierMs,
      load_ms: answer.loadMs,
    },
    provenance: {
      data_version: provenance.dataVersion,
      database_mode: provenance.databaseMode,
      corrections: {
        prefill_latency: provenance.corrections.prefillLatency,
        ttft_queueing: provenance.corrections.ttftQueueing,
        decode_latency: provenance.corrections.decodeLatency,
        prefill_rate: provenance.corrections.prefillRate,
        decode_rate: provenance.corrections.decodeRate,
        vllm_dispatch_ms_per_layer:
          provenance.corrections.vllmDispatchMsPerLayer,
      },
      caps: provenance.caps,
      power_curve: {
        vmin: provenance.curve.vmin,
        slope: provenance.curve.slope,
        static_watts: provenance.curve.staticWatts,
        latency_errors: provenance.curve.errors,
        standing: provenance.curve.standing,
      },
      cap_range_watts: [
        provenance.capRange.minWatts,
        provenance.capRange.maxWatts,
      ],
      refused_layouts: provenance.refused.map(
        ({ side, layout, code, message }) => ({
          side,
          ...layoutRecord(layout),
          code,
          message,
        }),
      ),
    },
  };
}
