/**
 * Watts of one operator (R53): measured, else borrowed from another version or backend, else modelled (idle draw plus a
 * share of what is left to the TDP, from how busy the operator keeps tensor cores and memory, and how long). With the
 * watts go an interval and the share of the time that scales with the clock (R17).
 */

import { attentionSol } from "./attention_sol";
import { curveTable } from "./curve";
import { gemmTable } from "./gemm";
import { idleWatts, tdpWatts } from "./machine";
import { Kind, Op } from "./op";
import { LOW_LATENCY_TOKENS, tokensOf } from "./operators";
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
import {
  BEYOND_TABLES,
  clearFlags,
  flags,
  mark,
  NOT_MEASURED,
  OK,
  resultWatts,
} from "./status";
import { walk } from "./walk";

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

function clamp(watts: f64): f64 {
  return min(max(watts, idleWatts), MOST * tdpWatts);
}

/**
 * What operators of one family share, as doubles in memory that the host fills (`data/power_model.ts`): ten
 * coefficients, then the ends of the interval of a modelled and of a measured draw (factors), and the source.
 */
const MODEL_LOW: usize = 80;
const MODEL_HIGH: usize = 88;
const MEASURED_LOW: usize = 96;
const MEASURED_HIGH: usize = 104;
const MODEL_SOURCE: usize = 112;

/** Utilisations below which nothing changes any more, and the kernel times that the model distinguishes, ms. */
const LEAST_LOAD: f64 = 1e-4;
const SHORTEST: f64 = 2e-3;
const LONGEST: f64 = 10.0;

/** Share of (TDP − idle): a quadratic form in the logarithms of both utilisations and of the time. */
function share(family: usize, compute: f64, memory: f64, ms: f64): f64 {
  // Only the guess for communication is the same for all loads.
  if (load<f64>(family, 24) == 0.0 && load<f64>(family, 16) == 0.0) {
    return load<f64>(family);
  }
  const a = Math.log2(min(max(compute, LEAST_LOAD), 1.0));
  const b = Math.log2(min(max(memory, LEAST_LOAD), 1.0));
  const t = Math.log2(min(max(ms, SHORTEST), LONGEST));
  const drawn = load<f64>(family) +
    a * (load<f64>(family, 8) + a * load<f64>(family, 32) +
        b * load<f64>(family, 40) + t * load<f64>(family, 48)) +
    b * (load<f64>(family, 16) + b * load<f64>(family, 56) +
        t * load<f64>(family, 64)) +
    t * (load<f64>(family, 24) + t * load<f64>(family, 72));
  return min(max(drawn, 0.0), 1.0);
}

/** Compute and memory time of the operator asked last at the speed of light, ms. */
export let compute: f64 = 0.0;
export let memory: f64 = 0.0;

/** Sets compute and memory time of one operator at a point; zero where it has none of its own. */
export function lightOf(op: Op, b: f64, s: f64, prefix: f64, x: f64): void {
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
  const family = op.powerFamily;
  if (energy > 0.0 && op.wholePower) {
    // Carried on from the nearest rows: measured, and no surer than a model.
    const beyond = (op.lastFlags & BEYOND_TABLES) != 0;
    give(
      Source.MEASURED,
      energy / kernel,
      load<f64>(family + (beyond ? MODEL_LOW : MEASURED_LOW)),
      load<f64>(family + (beyond ? MODEL_HIGH : MEASURED_HIGH)),
    );
    return;
  }
  if (changetype<usize>(op.poweredRows) != 0) {
    const watts = wattsAt(op.poweredRows, b, s, prefix, x);
    if (watts > 0.0) {
      give(
        Source.MEASURED,
        watts,
        load<f64>(family, MEASURED_LOW),
        load<f64>(family, MEASURED_HIGH),
      );
      return;
    }
  }
  if (changetype<usize>(op.borrowed) != 0) {
    const watts = wattsAt(op.borrowed, b, s, prefix, x);
    if (watts > 0.0) {
      give(Source.BORROWED, watts, op.borrowedLow, op.borrowedHigh);
      return;
    }
  }
  const drawn = share(family, compute / kernel, memory / kernel, kernel);
  give(
    <i32> load<f64>(family, MODEL_SOURCE),
    idleWatts + (tdpWatts - idleWatts) * drawn,
    load<f64>(family, MODEL_LOW),
    load<f64>(family, MODEL_HIGH),
  );
}

function give(source: i32, watts: f64, low: f64, high: f64): void {
  drawSource = source;
  drawWatts = clamp(watts);
  drawLow = clamp(drawWatts * low);
  drawHigh = clamp(drawWatts * high);
}

/**
 * Watts in tables of powered rows alone, at the operator's own shape; 0 where they do not span the point. An
 * extrapolation is no measurement: what lies beyond is left to the next rung.
 */
function wattsAt(op: Op, b: f64, s: f64, prefix: f64, x: f64): f64 {
  const before = flags;
  clearFlags();
  const status = lookUp(op, b, s, prefix, tokensOf(op, x));
  const beyond = (flags & BEYOND_TABLES) != 0;
  clearFlags();
  mark(before);
  return status == OK && !beyond ? resultWatts : 0.0;
}

function lookUp(op: Op, b: f64, s: f64, prefix: f64, tokens: f64): i32 {
  switch (op.kind) {
    case Kind.GEMM:
      return changetype<usize>(op.sites) == 0
        ? NOT_MEASURED
        : gemmTable(op, tokens);
    case Kind.CONTEXT_ATTENTION:
    case Kind.CONTEXT_MLA: {
      if (changetype<usize>(op.grid) == 0) return NOT_MEASURED;
      const ranks = max(op.contextParallel, 1.0);
      return walk(op, op.heads, s / ranks + prefix, b);
    }
    case Kind.GENERATION_ATTENTION:
    case Kind.GENERATION_MLA:
    case Kind.GENERATION_MLA_MODULE:
      return changetype<usize>(op.grid) == 0
        ? NOT_MEASURED
        : walk(op, op.heads, b, s);
    case Kind.MLA_BMM:
      return changetype<usize>(op.grid) == 0
        ? NOT_MEASURED
        : curveTable(op, op.grid, b);
    case Kind.MOE: {
      const few = nearest(tokens);
      const low = few <= LOW_LATENCY_TOKENS &&
        changetype<usize>(op.lowLatency) != 0;
      const curve = low ? op.lowLatency : op.grid;
      return changetype<usize>(curve) == 0
        ? NOT_MEASURED
        : curveTable(op, curve, few);
    }
  }
  return NOT_MEASURED;
}
