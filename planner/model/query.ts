/** The core's questions as queries of the fleet search. @module */

import type {
  FleetQuery,
  SearchCoefficients,
} from "../../optimizer-wasm/mod.ts";
import type {
  CapacityQuestion,
  Coefficients,
  FleetQuestion,
} from "../core/mod.ts";

/** Longest lengths that a question is asked with; beyond them memory refuses anyway. */
const LONGEST_TOKENS = 10_000_000;

/** A question about one side. */
export function sideQuery(question: CapacityQuestion): FleetQuery {
  const { caps, side } = question;
  return {
    ...shape(question),
    caps: caps.kind === "ladder"
      ? { kind: "free" }
      : caps.kind === "fixed"
      ? { kind: "fixed", watts: { [side]: caps.capWatts } }
      : caps,
  };
}

/** A question about the whole fleet. */
export function fleetQuery(question: FleetQuestion): FleetQuery {
  const {
    demandRequestsPerSecond: requestRate,
    budgetWatts,
    maxGpus: totalGpus,
    maxThetaPrefill,
    maxThetaDecode,
  } = question;
  return {
    ...shape(question),
    caps: question.caps,
    objective: question.objective,
    floors: question.floors,
    ceilings: question.ceilings,
    top: 1,
    ...(requestRate === undefined ? {} : { requestRate }),
    ...(budgetWatts === undefined ? {} : { budgetWatts }),
    ...(totalGpus === undefined ? {} : { totalGpus }),
    ...(maxThetaPrefill === undefined ? {} : { maxThetaPrefill }),
    ...(maxThetaDecode === undefined ? {} : { maxThetaDecode }),
  };
}

function shape(
  question: Pick<
    CapacityQuestion,
    "islTokens" | "oslTokens" | "ttftMs" | "itlMs" | "coefficients"
  >,
) {
  return {
    isl: wholeTokens(question.islTokens, 1),
    osl: wholeTokens(question.oslTokens, 2),
    ttftMs: question.ttftMs,
    itlMs: question.itlMs,
    coefficients: coefficientsOf(question.coefficients),
  };
}

function coefficientsOf(coefficients: Coefficients): SearchCoefficients {
  return {
    ttft: coefficients.ttft,
    itl: coefficients.itl,
    power: {
      prefill: coefficients.powerPrefill,
      decode: coefficients.powerDecode,
      agg: coefficients.powerAgg,
    },
  };
}

function wholeTokens(tokens: number, least: number): number {
  return Math.min(LONGEST_TOKENS, Math.max(least, Math.round(tokens)));
}
