/**
 * Watts of one operator (R53): what the tables measured, else idle draw plus a share of what is left to the TDP, from
 * how busy the operator keeps the tensor cores and the memory. With the watts go an interval and the share of the time
 * that scales with the clock (R17).
 */

import { attentionSol } from "./attention_sol";
import { idleWatts, tdpWatts } from "./machine";
import { Kind, Op } from "./op";
import { tokensOf } from "./operators";
import { activationsMs, moeTraffic, weightsMs } from "./roofline";
import {
  contextMlaSol,
  contextSol,
  gemmSol,
  mathMs,
  memoryMs,
  memorySol,
  mlaBmmSol,
} from "./sol";

/** Where watts come from. */
export namespace Source {
  export const MEASURED: i32 = 0;
  export const BORROWED: i32 = 1;
  export const MODELLED: i32 = 2;
  export const TDP: i32 = 3;
}

/** Draw of the operator asked last: central, ends of the interval, source, and clock-bound share of its time. */
export let drawWatts: f64 = 0.0;
export let drawLow: f64 = 0.0;
export let drawHigh: f64 = 0.0;
export let drawSource: i32 = 0;
export let clockShare: f64 = 0.0;

/** Most that a GPU is taken to draw, as a share of its TDP (R11). */
const MOST: f64 = 1.1;
/** Interval of a measured draw, relative. */
const MEASURED_ERROR: f64 = 0.03;

function clamp(watts: f64): f64 {
  return min(max(watts, idleWatts), MOST * tdpWatts);
}

function share(op: Op, compute: f64, memory: f64): f64 {
  const load = op.powerBase +
    op.powerCompute * Math.pow(min(compute, 1.0), op.powerComputeExponent) +
    op.powerMemory * Math.pow(min(memory, 1.0), op.powerMemoryExponent);
  return min(max(load, 0.0), 1.0);
}

let compute: f64 = 0.0;
let memory: f64 = 0.0;

/** Sets compute and memory time of one operator at a point; zero where it has none of its own. */
function lightOf(op: Op, b: f64, s: f64, prefix: f64, x: f64): void {
  const tokens = tokensOf(op, x);
  switch (op.kind) {
    case Kind.GEMM:
      gemmSol(tokens, op.n, op.k, op.flops, op.elementBytes);
      break;
    case Kind.CONTEXT_ATTENTION:
      contextSol(op, op.heads, s, prefix, b);
      break;
    case Kind.CONTEXT_MLA:
      contextMlaSol(op, op.heads, s, prefix, b);
      break;
    case Kind.GENERATION_ATTENTION:
    case Kind.GENERATION_MLA:
    case Kind.GENERATION_MLA_MODULE:
      attentionSol(op, op.heads, b, s);
      break;
    case Kind.MLA_BMM:
      mlaBmmSol(op, op.heads, b);
      break;
    case Kind.MOE:
      moeTraffic(op, nearest(tokens));
      compute = mathMs;
      memory = weightsMs + activationsMs;
      return;
    case Kind.LINEAR:
      memorySol(tokens * op.solMsPerToken);
      break;
    default:
      memorySol(0.0);
  }
  // A context-parallel rank sees its part of the prompt.
  const ranks = max(op.contextParallel, 1.0);
  compute = mathMs / ranks;
  memory = memoryMs / ranks;
}

/**
 * Draw of one run of an operator.
 * @param ms its time, work around the kernel included; @param energy what of it the tables measured, W·ms
 * @param s new tokens (context) or KV length (generation); @param x tokens that the operator sees before its split
 */
export function drawOf(
  op: Op,
  ms: f64,
  energy: f64,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): void {
  lightOf(op, b, s, prefix, x);
  const busy = compute + memory;
  clockShare = max(busy > 0.0 ? compute / busy : 0.0, op.clockLeast);
  // The work around attention is not the kernel that was measured.
  const kernel = max(ms - op.extraMs, 1e-9);
  if (energy > 0.0) {
    drawSource = Source.MEASURED;
    drawWatts = clamp(energy / kernel);
    drawLow = clamp(drawWatts * (1.0 - MEASURED_ERROR));
    drawHigh = clamp(drawWatts * (1.0 + MEASURED_ERROR));
    return;
  }
  const load = share(op, compute / kernel, memory / kernel);
  drawSource = op.powerSource;
  drawWatts = clamp(idleWatts + (tdpWatts - idleWatts) * load);
  drawLow = clamp(drawWatts * op.powerLow);
  drawHigh = clamp(drawWatts * op.powerHigh);
}
