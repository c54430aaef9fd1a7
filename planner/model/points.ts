/** From rows to operating points: which batch meets the targets at which cap (R10, R16, R17). @module */

import {
  bridgeCap,
  type CapacityAnswer,
  type CapacityQuestion,
  ceilWatts,
  type GpuWatts,
  type OperatingPoint,
  withinRange,
} from "../core/mod.ts";
import type { Row, Rows } from "./row.ts";
import type { PowerCurve } from "../../optimizer-wasm/mod.ts";
import { slowdownAt } from "./power_curve.ts";

/** Caps that are tried where watts bind, as shares of the own draw. */
const LADDER = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7];

/** What the caps of one side depend on. */
export interface CapContext {
  readonly gpu: GpuWatts;
  readonly curve: PowerCurve;
  /** Lowest share of the own draw that is planned (R17). */
  readonly lowestRatio: number;
  /** Share of the time that scales with the clock, by batch size. */
  readonly computeShare: (batchSize: number) => number;
}

/** The best point at each cap that the question asks for; infeasible with the nearest miss when there is none. */
export function pointsOf(
  { rows, refused }: Rows,
  question: CapacityQuestion,
  context: CapContext,
): CapacityAnswer {
  if (rows.length === 0) {
    return {
      kind: "infeasible",
      constraint: "memory",
      message: "Not even one request fits the memory of a replica.",
      needed: refused?.totalBytes ?? 0,
      available: refused ? refused.totalBytes - refused.kvBytes : 0,
      unit: "bytes",
    };
  }
  const ratios = question.caps.kind === "ladder"
    ? LADDER.filter((ratio) => ratio >= context.lowestRatio)
    : [1];
  const points: OperatingPoint[] = [];
  for (const ratio of ratios) {
    const best = bestAt(rows, question, context, ratio);
    const last = points.at(-1);
    // A lower share that ends at the same cap, or at a higher one through another batch, adds nothing.
    if (!best || last && (best.capWatts ?? 0) >= (last.capWatts ?? 0)) continue;
    points.push(best);
  }
  const [first, ...rest] = points;
  return first
    ? { kind: "points", points: [first, ...rest] }
    : nearestMiss(rows, question, context);
}

function bestAt(
  rows: readonly Row[],
  question: CapacityQuestion,
  context: CapContext,
  ratio: number,
): OperatingPoint | undefined {
  let best: OperatingPoint | undefined;
  for (const row of rows) {
    const capped = pointAt(row, question, context, ratio);
    if (!capped || !meets(capped, question, capped.margin)) continue;
    const { margin: _margin, ...point } = capped;
    // A larger batch at the same rate only makes requests wait.
    if (
      !best || point.requestsPerSecond > best.requestsPerSecond * (1 + 1e-9)
    ) best = point;
  }
  return best;
}

/** One row at one cap; `margin` is the pessimistic slowdown ÷ the nominal one. */
function pointAt(
  row: Row,
  { caps, coefficients, side }: CapacityQuestion,
  { gpu, curve, computeShare }: CapContext,
  ratio: number,
): OperatingPoint & { readonly margin: number } | undefined {
  const coefficient = side === "prefill"
    ? coefficients.powerPrefill
    : side === "decode"
    ? coefficients.powerDecode
    : coefficients.powerAgg;
  const bridged = bridgeCap(row.predictedWatts, coefficient, gpu);
  const ownDraw = bridged.usedWatts * Math.max(1, coefficient);
  const capWatts = caps.kind === "none"
    ? undefined
    : caps.kind === "fixed"
    ? withinRange(caps.capWatts, gpu)
    : withinRange(ceilWatts(bridged.capWatts * ratio), gpu);
  const slowdown = capWatts === undefined
    ? { nominal: 1, pessimistic: 1 }
    : slowdownAt({
      capWatts,
      // A draw above the SKU's maximum is cut there with or without a cap of ours.
      drawWatts: Math.min(ownDraw, gpu.maxWatts),
      computeShare: computeShare(row.batchSize),
      parameters: curve,
    });
  if (!slowdown) return undefined;
  const { ttft, itl } = coefficients;
  return {
    capWatts,
    batchSize: row.batchSize,
    requestsPerSecond: row.requestsPerSecond / slowdown.nominal,
    ttftMs: row.ttftMs === undefined
      ? undefined
      : row.ttftMs * Math.max(1, ttft) * slowdown.nominal,
    itlMs: row.itlMs === undefined
      ? undefined
      : row.itlMs * Math.max(1, itl) * slowdown.nominal,
    predictedWatts: row.predictedWatts,
    drawWatts: Math.min(ownDraw, capWatts ?? gpu.maxWatts),
    latencySource: row.latencySource,
    powerSource: row.powerSource,
    margin: slowdown.pessimistic / slowdown.nominal,
  };
}

function meets(
  { ttftMs, itlMs }: OperatingPoint,
  question: CapacityQuestion,
  margin: number,
): boolean {
  return (ttftMs === undefined || ttftMs * margin <= question.ttftMs) &&
    (itlMs === undefined || itlMs * margin <= question.itlMs);
}

/** The target that even the quickest row misses, and by how much. */
function nearestMiss(
  rows: readonly Row[],
  question: CapacityQuestion,
  context: CapContext,
): CapacityAnswer {
  const reached = rows.flatMap((row) => {
    const point = pointAt(row, question, context, 1);
    return point ? [point] : [];
  });
  const lowest = (
    pick: (point: typeof reached[number]) => number | undefined,
  ) =>
    Math.min(
      ...reached.map((point) => (pick(point) ?? 0) * point.margin),
    );
  const ttft = lowest(({ ttftMs }) => ttftMs);
  const itl = lowest(({ itlMs }) => itlMs);
  const missesTtft = ttft > question.ttftMs;
  const needed = missesTtft ? ttft : itl;
  const available = missesTtft ? question.ttftMs : question.itlMs;
  const name = missesTtft ? "time to first token" : "inter-token latency";
  return {
    kind: "infeasible",
    constraint: missesTtft ? "ttft_ms" : "itl_ms",
    message: reached.length === 0
      ? "The cap is below what the GPU can run at."
      : `The lowest ${name} of a ${question.side} worker at ${question.islTokens} input tokens is ${
        needed.toFixed(needed < 100 ? 1 : 0)
      } ms, and the target is ${available} ms.`,
    needed,
    available,
    unit: "ms",
  };
}
