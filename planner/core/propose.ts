/** From a forecast to replica needs per side (R21, P22–P25). @module */

import type { PlannerConfig } from "../config/mod.ts";
import type { Forecast } from "../predict/mod.ts";
import type {
  CapacityAnswer,
  CapacityModel,
  CapacityQuestion,
  Coefficients,
  OperatingPoint,
} from "./capacity.ts";
import type { SideInventory } from "./ledger/mod.ts";
import { uncachedShare } from "./load/mod.ts";
import type { OptimizerState } from "./optimizer_state.ts";
import type { Reason } from "./reason.ts";
import { type CapSource, capSource, DEMAND_HEADROOM } from "./settings.ts";
import { type PerSide, type Side, sidesOf } from "./side.ts";
import type { LastTarget } from "./state.ts";

/** More replicas than any GPU budget; keeps a wild forecast an ordinary number. */
const MOST_ASKED = 1_000_000;
/** Lengths that differ by no more than this share are the same shape to a plan. */
const SAME_SHAPE = 0.005;

/** What needs are worked out from. */
export interface NeedInput {
  readonly config: PlannerConfig;
  readonly model: CapacityModel;
  readonly optimizer: OptimizerState;
  readonly coefficients: Coefficients;
  readonly inventory: PerSide<SideInventory> | undefined;
  readonly last: PerSide<LastTarget>;
  readonly shape: { readonly islTokens: number; readonly oslTokens: number };
  /** Absent: demand is unknown, or not asked for. */
  readonly forecast: Forecast | undefined;
  readonly kvHitRate: number | undefined;
  /** Tokens accepted a step, at least 1. */
  readonly acceptLength: number;
}

/** One side: what a replica does at its cap, and how many demand alone asks for. */
export interface SideNeed {
  readonly side: Side;
  readonly gpusPerReplica: number;
  /** Absent without power awareness. */
  readonly capWatts: number | undefined;
  /** Absent when the model has no answer. */
  readonly point: OperatingPoint | undefined;
  /** Absent when demand or the model's answer is. */
  readonly needed: number | undefined;
  readonly answer: CapacityAnswer["kind"];
  /** Latencies without any correction: denominators of the coefficients (R14). */
  readonly rawTtftMs: number | undefined;
  readonly rawItlMs: number | undefined;
}

/** Needs of all sides. */
export interface Needs {
  readonly sides: readonly SideNeed[];
  /** Requests per second worth serving; undefined when unknown. */
  readonly demand: number | undefined;
  readonly reasons: readonly Reason[];
}

/** Requests per second worth serving: the forecast and the headroom (R16a). */
export function demandOf(forecast: Forecast | undefined): number | undefined {
  return forecast && forecast.requestsPerSecond * (1 + DEMAND_HEADROOM);
}

/** GPUs of one replica: what the fleet says, side cars included, else the engine's width (P37). */
export function widthOf(
  { inventory, model }: Pick<NeedInput, "inventory" | "model">,
  side: Side,
): number {
  const found = inventory?.[side]?.gpusPerReplica;
  return found !== undefined && found > 0 && Number.isSafeInteger(found)
    ? found
    : model.gpusPerReplica[side] ?? 1;
}

/**
 * Replica needs, ⌈demand / requests per second of a replica⌉, at the caps in force.
 *
 * @param caps `own_draw` asks at the caps of R10 instead
 */
export function needsOf(
  input: NeedInput,
  caps: "in_force" | "own_draw" = "in_force",
): Needs {
  const demand = demandOf(input.forecast);
  const reasons: Reason[] = [];
  const sides = sidesOf(input.config.mode).map((side): SideNeed => {
    const source: CapSource = caps === "own_draw"
      ? { kind: "own_draw" }
      : capSource({ ...input, gpu: input.model.gpu }, side);
    const { answer, correctedBy } = answerOf(input, side, source);
    const gpusPerReplica = widthOf(input, side);
    if (answer.kind === "points") {
      const [point] = answer.points;
      const perReplica = side === "decode"
        ? point.requestsPerSecond * input.acceptLength
        : point.requestsPerSecond;
      return {
        side,
        gpusPerReplica,
        capWatts: point.capWatts,
        point: { ...point, requestsPerSecond: perReplica },
        needed: demand === undefined
          ? undefined
          : replicasFor(demand, perReplica),
        answer: answer.kind,
        rawTtftMs: raw(point.ttftMs, correctedBy.ttft),
        rawItlMs: raw(point.itlMs, correctedBy.itl),
      };
    }
    reasons.push(
      answer.kind === "infeasible"
        ? { ...answer, side }
        : { ...answer, kind: "model_not_ready", side },
    );
    return {
      side,
      gpusPerReplica,
      capWatts: source.kind === "none"
        ? undefined
        : source.kind === "fixed"
        ? source.capWatts
        : input.last[side]?.capWatts ?? input.config.power?.safeDefaultWatts,
      point: undefined,
      needed: undefined,
      answer: answer.kind,
      rawTtftMs: undefined,
      rawItlMs: undefined,
    };
  });
  return { sides, demand, reasons };
}

/** Replicas that serve a demand; a replica without capacity cannot. */
export function replicasFor(demand: number, perReplica: number): number {
  if (demand === 0) return 0;
  if (!(perReplica > 0)) return MOST_ASKED;
  return Math.min(MOST_ASKED, Math.ceil(demand / perReplica));
}

/** The model's answer for one side; the plan's own point while the shape is the plan's. Never throws (R19). */
function answerOf(
  input: NeedInput,
  side: Side,
  source: CapSource,
): { readonly answer: CapacityAnswer; readonly correctedBy: Coefficients } {
  const plan = input.optimizer.plan;
  const planned = plan?.points[side];
  if (
    source.kind === "fixed" && planned &&
    (side !== "prefill" || uncachedShare(input.kvHitRate) === 1) &&
    plan.caps[side] === source.capWatts &&
    isNear(plan.question.islTokens, input.shape.islTokens) &&
    isNear(plan.question.oslTokens, input.shape.oslTokens)
  ) {
    return {
      answer: { kind: "points", points: [planned] },
      correctedBy: plan.coefficients,
    };
  }
  return {
    answer: askModel(input, side, source),
    correctedBy: input.coefficients,
  };
}

/** A latency without its correction. */
export function raw(
  correctedMs: number | undefined,
  coefficient: number,
): number | undefined {
  return correctedMs === undefined
    ? undefined
    : correctedMs / Math.max(1, coefficient);
}

/** Asks the model about one side at given caps. A model that throws has no answer. */
export function askModel(
  { config, model, coefficients, shape, kvHitRate }: NeedInput,
  side: Side,
  caps: CapacityQuestion["caps"],
): CapacityAnswer {
  // Tokens found in a cache are not computed again; decode holds them all the same (P23).
  const share = side === "prefill" ? uncachedShare(kvHitRate) : 1;
  try {
    return model.answer({
      side,
      islTokens: Math.max(1, shape.islTokens * share),
      oslTokens: shape.oslTokens,
      ttftMs: config.ttftMs,
      itlMs: config.itlMs,
      coefficients,
      caps,
    });
  } catch (error) {
    return {
      kind: "no_answer",
      code: "exception",
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

/** Whether two lengths are the same to a plan. */
export function isNear(
  here: number,
  there: number,
  share: number = SAME_SHAPE,
): boolean {
  return Math.abs(here - there) <= share * Math.max(here, there);
}
