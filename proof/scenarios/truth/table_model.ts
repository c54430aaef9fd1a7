/** The reference's table as the planner's performance model: one row, the same at every load and every cap. @module */

import {
  bridgeCap,
  type CapacityAnswer,
  type CapacityModel,
  type CapacityQuestion,
  type OperatingPoint,
  searchOverPoints,
  withinRange,
} from "../../../planner/mod.ts";
import { decodeRate, mostConcurrent, type SystemRow } from "./systems.ts";

/** A prefill replica is never what limits the fleet: the table gives prefill a latency and no rate. */
const PREFILL_RATE = 100_000;

/** What the model is made of. */
export interface TableModelOptions {
  readonly row: SystemRow;
  readonly gpusPerReplica: CapacityModel["gpusPerReplica"];
  readonly usualIslTokens: number;
  readonly usualOslTokens: number;
}

/** Builds the model. */
export function tableModel(options: TableModelOptions): CapacityModel {
  const { row } = options;
  const gpu = {
    minWatts: row.minWatts,
    maxWatts: row.maxWatts,
    tdpWatts: row.tdpWatts,
  };
  const model: CapacityModel = {
    gpusPerReplica: options.gpusPerReplica,
    usualIslTokens: options.usualIslTokens,
    usualOslTokens: options.usualOslTokens,
    gpu,
    answer: (question) => answer(row, question),
    searchFleet: (question) => {
      const found = searchOverPoints(model, question);
      if (found.kind !== "fleet") return found;
      const { islTokens, oslTokens } = question;
      const tokens = islTokens + oslTokens;
      const batch = mostConcurrent(row, tokens);
      const rate = decodeRate(row, { ...question, itlMs: row.itlMs });
      return {
        ...found,
        best: {
          ...found.best,
          thetaDecode: Math.min(
            1,
            batch * (islTokens + oslTokens / 2) / row.kvTokens,
          ),
          thetaPrefill: Math.min(1, rate / (1000 / row.ttftMs)),
        },
      };
    },
  };
  return model;
}

function answer(row: SystemRow, question: CapacityQuestion): CapacityAnswer {
  const { side, coefficients, caps } = question;
  const ttftMs = row.ttftMs * Math.max(1, coefficients.ttft);
  const itlMs = row.itlMs * Math.max(1, coefficients.itl);
  if (side !== "decode" && ttftMs > question.ttftMs) {
    return tooSlow("ttft_ms", ttftMs, question.ttftMs);
  }
  if (side !== "prefill" && itlMs > question.itlMs) {
    return tooSlow("itl_ms", itlMs, question.itlMs);
  }
  const gpu = { ...row };
  const predictedWatts = side === "prefill"
    ? row.prefillWatts
    : side === "decode"
    ? row.decodeWatts
    : (row.prefillWatts + row.decodeWatts) / 2;
  const coefficient = {
    prefill: coefficients.powerPrefill,
    decode: coefficients.powerDecode,
    agg: coefficients.powerAgg,
  }[side];
  const own = bridgeCap(predictedWatts, coefficient, gpu).capWatts;
  const capWatts = caps.kind === "none"
    ? undefined
    : caps.kind === "fixed"
    ? withinRange(caps.capWatts, gpu)
    : own;
  const point: OperatingPoint = {
    capWatts,
    batchSize: side === "prefill"
      ? 1
      : mostConcurrent(row, question.islTokens + question.oslTokens),
    requestsPerSecond: side === "prefill"
      ? PREFILL_RATE
      : decodeRate(row, { ...question, itlMs }),
    ttftMs: side === "decode" ? undefined : ttftMs,
    itlMs: side === "prefill" ? undefined : itlMs,
    predictedWatts,
    drawWatts: Math.min(predictedWatts, capWatts ?? predictedWatts),
    latencySource: "sol",
    powerSource: "modelled",
  };
  return { kind: "points", points: [point] };
}

function tooSlow(
  constraint: "ttft_ms" | "itl_ms",
  needed: number,
  available: number,
): CapacityAnswer {
  return {
    kind: "infeasible",
    constraint,
    message: `The table says ${needed} ms, and ${available} ms are the target.`,
    needed,
    available,
    unit: "ms",
  };
}
