/** The capacity port over the estimators: one for prefill, one for decode (or aggregated) workers. @module */

import { type Estimator, powerCurveOf } from "../../optimizer-wasm/mod.ts";
import { WattkeeperError } from "../../service/mod.ts";
import {
  type CapacityAnswer,
  type CapacityModel,
  type CapacityQuestion,
  type FleetQuestion,
  type PerSide,
  searchOverPoints,
  type Side,
} from "../core/mod.ts";
import { aggRows } from "./agg_rows.ts";
import { decodeRows } from "./decode_rows.ts";
import { computeShareOf, gpuWattsOf, lowestRatioOf } from "./gpu_facts.ts";
import { pointsOf } from "./points.ts";
import { prefillRows } from "./prefill_rows.ts";
import type { Rows } from "./row.ts";

/** Shapes whose rows are remembered; a decision asks about one shape, several times. */
const REMEMBERED = 16;
/** Longest lengths that a question is asked with; beyond them memory refuses anyway. */
const LONGEST_TOKENS = 10_000_000;

/** What {@linkcode capacityModel} stands on. */
export interface CapacityModelInput {
  readonly estimators: PerSide<Estimator>;
  readonly usualIslTokens: number;
  readonly usualOslTokens: number;
}

/**
 * Builds the model. A failure of an estimator is an answer (`no_answer`), never an exception: the planner goes on
 * (R19).
 */
export function capacityModel(
  { estimators, usualIslTokens, usualOslTokens }: CapacityModelInput,
): CapacityModel {
  const any = estimators.decode ?? estimators.agg ?? estimators.prefill;
  if (!any) {
    throw new WattkeeperError(
      "internal",
      "A capacity model needs an estimator.",
    );
  }
  const memory = new Map<string, Rows>();
  const rowsOf = (
    estimator: Estimator,
    side: Side,
    shape: { islTokens: number; oslTokens: number; itlMs: number },
  ): Rows => {
    const key = `${side}/${shape.islTokens}/${shape.oslTokens}/${shape.itlMs}`;
    const known = memory.get(key);
    if (known) return known;
    const rows = side === "prefill"
      ? prefillRows(estimator, shape)
      : side === "decode"
      ? decodeRows(estimator, shape)
      : aggRows(estimator, shape);
    if (memory.size >= REMEMBERED) {
      const oldest = memory.keys().next();
      if (!oldest.done) memory.delete(oldest.value);
    }
    memory.set(key, rows);
    return rows;
  };
  const model: CapacityModel = {
    gpusPerReplica: Object.fromEntries(
      Object.entries(estimators).map((
        [side, estimator],
      ) => [side, estimator.gpusPerReplica]),
    ),
    usualIslTokens,
    usualOslTokens,
    gpu: gpuWattsOf(any.system),
    answer(question: CapacityQuestion): CapacityAnswer {
      const estimator = estimators[question.side];
      if (!estimator) {
        return {
          kind: "no_answer",
          code: "infeasible",
          message: `There is no model of the ${question.side} side.`,
        };
      }
      try {
        const rows = rowsOf(estimator, question.side, {
          islTokens: wholeTokens(question.islTokens, 1),
          oslTokens: wholeTokens(question.oslTokens, 2),
          itlMs: question.itlMs,
        });
        const { tp } = estimator.engineCase.layout;
        return pointsOf(rows, question, {
          gpu: gpuWattsOf(estimator.system),
          curve: powerCurveOf(estimator.system),
          lowestRatio: lowestRatioOf(
            question.side,
            estimator.system.smVersion,
          ),
          computeShare: (batchSize) =>
            computeShareOf(question.side, { batchSize, tp }),
        });
      } catch (error) {
        return {
          kind: "no_answer",
          code: error instanceof WattkeeperError ? error.code : "internal",
          message: error instanceof Error ? error.message : String(error),
        };
      }
    },
    searchFleet: (question: FleetQuestion) => searchOverPoints(model, question),
  };
  return model;
}

function wholeTokens(tokens: number, least: number): number {
  return Math.min(LONGEST_TOKENS, Math.max(least, Math.round(tokens)));
}
