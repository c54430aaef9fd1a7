/**
 * The built-in model (R54): what an operator takes on a GPU generation when no tables are imported. Compute and memory
 * time at fitted efficiencies, smoothly combined, plus a constant; each family has one further term for what a
 * roofline cannot see. `docs/accuracy.md` has the fit and its error.
 */

import { bandwidth } from "./machine";
import { Op } from "./op";
import {
  contextSol,
  gemmSol,
  generationSol,
  mathMs,
  memoryMs,
  moeSol,
  quantizeSol,
} from "./sol";

/** `t0 + ((math / ec)^p + (memory / eb)^p + host^p)^(1/p)`, milliseconds. */
function blend(op: Op, math: f64, memory: f64): f64 {
  const a = math / op.roofCompute;
  const b = memory / op.roofMemory;
  const host = op.roofHost;
  const p = op.roofExponent;
  if (p == 1.0) return op.roofMs + a + b + host;
  const high = max(max(a, b), host);
  if (!(high > 0.0)) return op.roofMs;
  const sum = Math.pow(a / high, p) + Math.pow(b / high, p) +
    (host > 0.0 ? Math.pow(host / high, p) : 0.0);
  return op.roofMs + high * Math.pow(sum, 1.0 / p);
}

/** A GEMM fills the GPU in whole 128 × 128 tiles: part of one more tile's time is always paid. */
export function gemmRoofline(op: Op, m: f64): f64 {
  gemmSol(m, op.n, op.k, op.flops, op.elementBytes);
  const tile = 2.0 * 128.0 * 128.0 * op.k / op.flops * op.processors * 1000.0;
  return blend(op, mathMs + op.roofTile * tile, memoryMs);
}

/** Tokens that a kernel tile adds to a sliding window. */
const WINDOW_TILE: f64 = 128.0;

/** Context attention: whole tiles of 128 queries, and kernels that fit head size 128 best. */
export function contextRoofline(
  op: Op,
  fresh: f64,
  prefix: f64,
  batch: f64,
): f64 {
  contextSol(op, op.heads, fresh, prefix, batch);
  const full = fresh + prefix;
  const reach = op.window > 0.0 ? op.window + WINDOW_TILE : full;
  const work = full > reach
    ? 4.0 * batch * fresh * reach
    : 2.0 * batch * (full * full - prefix * prefix);
  const perToken = op.heads * op.headSize / op.flops * 1000.0;
  const tile = 4.0 * 128.0 * min(full, reach) * op.headSize / op.flops *
    op.processors * 1000.0;
  return blend(
    op,
    (work * perToken + op.roofTile * tile) * op.roofScale,
    memoryMs,
  );
}

/** Generation attention: work items are issued one after another, and a lone one cannot use the whole bandwidth. */
export function generationRoofline(op: Op, batch: f64, length: f64): f64 {
  generationSol(op, op.heads, batch, length);
  const kvHeads = op.kvHeads == 0.0 ? op.heads : op.kvHeads;
  const past = op.window > 0.0 ? min(length - 1.0, op.window) : length - 1.0;
  const issue = op.roofIssue * op.roofCompute * batch * kvHeads /
    op.processors * 1e-3;
  const alone = 2.0 * past * op.headSize * op.kvBytes / bandwidth *
    op.processors * 1000.0;
  return blend(op, mathMs + issue, memoryMs + op.roofTile * alone);
}

/** Memory time of the experts that are expected to be hit, and of the activations, ms. */
export let weightsMs: f64 = 0.0;
export let activationsMs: f64 = 0.0;

/** Sets both memory times of `tokens` routed tokens, and the compute time in `mathMs`. */
export function moeTraffic(op: Op, tokens: f64): void {
  moeSol(op, tokens);
  const experts = <f64> op.experts;
  const ranks = <f64> op.moeEp;
  const topk = <f64> op.topk;
  const hidden = <f64> op.hidden;
  const width = <f64> (op.inter * op.gemms) / <f64> op.moeTp;
  const hit = experts / ranks * (1.0 - Math.pow(1.0 - topk / experts, tokens));
  weightsMs = hit * hidden * width * op.elementBytes / bandwidth * 1000.0;
  activationsMs = tokens * topk / ranks * (2.0 * hidden + width) * 2.0 /
    bandwidth * 1000.0;
}

/** Experts: weights of those that are hit, activations beside them, imbalance growing with `moeEp`. */
export function moeRoofline(op: Op, tokens: f64): f64 {
  moeTraffic(op, tokens);
  return blend(op, mathMs * op.roofScale, weightsMs) +
    op.roofTile * activationsMs * op.roofScale;
}

/** A quantisation step: it only moves memory. */
export function quantizeRoofline(op: Op, m: f64, k: f64): f64 {
  return op.roofMs + quantizeSol(op.elementBytes, m, k) / op.roofMemory;
}

/** Any other operator: the blend of its speed of light alone. */
export function plainRoofline(op: Op): f64 {
  return blend(op, mathMs, memoryMs);
}

/** A collective: a start, the wire, and a part that grows with the root of the size. @param sol wire time, ms */
export function messageRoofline(op: Op, sol: f64): f64 {
  return op.roofMs + sol / op.roofMemory + op.roofTile * Math.sqrt(sol);
}
