/** A ranked fleet of the module as an answer. @module */

import { type EngineEstimator, mostly } from "../engine_estimator.ts";
import type { PowerSource } from "../estimate_case.ts";
import {
  type SearchFleet,
  type SearchOption,
  SIDE,
} from "../program/search_host.ts";
import type { FleetCandidate, FleetSide } from "./answer.ts";
import type { FleetQuery, WorkerSide } from "./question.ts";
import { isolatedPrefillMs, ranksOf, thetaDecodeOf } from "./rows.ts";

/** What names the layouts of a fleet. */
export interface LayoutNames {
  /** @param layout number of a layout among those of its side */
  estimatorOf(side: WorkerSide, layout: number): EngineEstimator;
}

/** Turns the module's numbers into an answer. */
export function candidateOf(
  fleet: SearchFleet,
  names: LayoutNames,
  query: FleetQuery,
): FleetCandidate {
  const [first, second] = fleet.options;
  const [firstCount = 0, secondCount = 0] = fleet.counts;
  const isPair = second !== undefined;
  const mode = isPair
    ? "disagg"
    : fleet.side === SIDE.agg
    ? "agg"
    : fleet.side === SIDE.decode
    ? "decode"
    : "prefill";
  const sideOf = (side: WorkerSide, option: SearchOption, replicas: number) =>
    fleetSide(names.estimatorOf(side, option.layout), option, {
      replicas,
      query,
    });
  const prefill = mode === "disagg" || mode === "prefill"
    ? sideOf("prefill", first, firstCount)
    : undefined;
  const decode = second
    ? sideOf("decode", second, secondCount)
    : mode === "decode"
    ? sideOf("decode", first, firstCount)
    : undefined;
  const workers = mode === "agg" ? sideOf("agg", first, firstCount) : undefined;
  const capacity = Math.min(
    firstCount * first.rate,
    second ? secondCount * second.rate : Infinity,
  );
  return {
    mode,
    prefill,
    decode,
    workers,
    requestsPerSecond: capacity,
    // AIC does not count the first token of an aggregated worker (`aic-engine.md` §7.4, §7.5).
    tokensPerSecond: capacity * (mode === "agg" ? query.osl - 1 : query.osl),
    servedRequestsPerSecond: fleet.served,
    ttftMs: (prefill ?? workers)?.ttftMs,
    itlMs: (decode ?? workers)?.itlMs,
    gpus: fleet.gpus,
    watts: fleet.watts,
    ...thetas(fleet, names, query),
  };
}

/** One side of a fleet. */
export function fleetSide(
  estimator: EngineEstimator,
  option: SearchOption,
  { replicas, query }: {
    readonly replicas: number;
    readonly query: FleetQuery;
  },
): FleetSide {
  return {
    replicas,
    layout: estimator.engineCase.layout,
    batchSize: option.batch,
    contextTokens: option.contextTokens > 0 ? option.contextTokens : undefined,
    capWatts: query.caps.kind === "none" ? undefined : option.capWatts,
    predictedWatts: option.predictedWatts,
    drawWatts: option.drawWatts,
    clock: option.clock > 0 ? option.clock : undefined,
    latencyError: option.error,
    requestsPerSecond: option.rate,
    ttftMs: option.ttftMs > 0 ? option.ttftMs : undefined,
    itlMs: option.itlMs > 0 ? option.itlMs : undefined,
    gpusPerReplica: option.gpus,
    latencySource: estimator.sourceOf(option.flags),
    powerSource: powerSourceOf(option),
  };
}

function powerSourceOf(
  { measured, borrowed, modelled }: SearchOption,
): PowerSource {
  return mostly({
    measured,
    borrowed,
    modelled,
    tdp: 1 - measured - borrowed - modelled,
  });
}

/** Implied admission thresholds (R18). */
function thetas(
  fleet: SearchFleet,
  names: LayoutNames,
  query: FleetQuery,
): Pick<FleetCandidate, "thetaPrefill" | "thetaDecode"> {
  const [first, second] = fleet.options;
  const [replicas = 0] = fleet.counts;
  const prefillSide = fleet.side === SIDE.agg
    ? "agg"
    : fleet.side === SIDE.prefill
    ? "prefill"
    : undefined;
  const decodeOption = second ??
    (prefillSide === "prefill" ? undefined : first);
  const decodeSide = second || fleet.side === SIDE.decode ? "decode" : "agg";
  return {
    thetaPrefill: prefillSide === undefined || replicas === 0
      ? undefined
      : thetaPrefillOf(
        names.estimatorOf(prefillSide, first.layout),
        query,
        fleet.served / replicas,
      ),
    thetaDecode: decodeOption === undefined ? undefined : thetaDecodeOf(
      names.estimatorOf(decodeSide, decodeOption.layout),
      query,
      decodeOption.batch,
    ),
  };
}

/** Achieved requests per second of a replica ÷ what it does one request after the other, at most 1. */
function thetaPrefillOf(
  estimator: EngineEstimator,
  query: FleetQuery,
  achieved: number,
): number | undefined {
  const alone = isolatedPrefillMs(estimator, query);
  if (alone === undefined) return undefined;
  return Math.min(1, achieved * alone / (1000 * ranksOf(estimator)));
}
