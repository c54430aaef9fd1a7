/** One operator, asked once: from tokens, batch and length to latency and energy (`aic-engine.md` §5). */

import { attentionSol } from "./attention_sol";
import { curveTable } from "./curve";
import { slownessAt, utilisationAt } from "./empirical";
import { gemmTable } from "./gemm";
import { Grid } from "./grid";
import { Kind, Mode, Op } from "./op";
import { COMPUTE_SCALE_BYTES, quantizeTable } from "./quantize";
import {
  contextRoofline,
  gemmRoofline,
  generationRoofline,
  messageRoofline,
  moeRoofline,
  plainRoofline,
  quantizeRoofline,
} from "./roofline";
import {
  contextMlaSol,
  contextSol,
  gemmSol,
  generationSol,
  mlaBmmSol,
  moeSol,
  quantizeSol,
} from "./sol";
import {
  answer,
  FROM_EMPIRICAL,
  FROM_FORMULA,
  FROM_TABLE,
  mark,
  MISSING_FLOPS,
  NO_EMPIRICAL,
  NOT_MEASURED,
  OK,
  resultMs,
  resultWatts,
} from "./status";
import { fiveLengths, lengthsEnergy, lengthsMs } from "./lengths";
import { gridTable } from "./walk";

/** Value of the operator asked last, before `scale`: milliseconds and watt-milliseconds. */
export let valueMs: f64 = 0.0;
export let valueEnergy: f64 = 0.0;

function give(ms: f64, energy: f64): i32 {
  valueMs = max(ms, 0.0);
  valueEnergy = max(energy, 0.0);
  return OK;
}

function fromTable(): i32 {
  mark(FROM_TABLE);
  return give(resultMs, resultWatts * resultMs);
}

/** An answer by formula or transfer: no energy is measured. */
function fromSol(op: Op, sol: f64, low: bool, c0: f64, c1: f64, c2: f64): i32 {
  if (op.mode == Mode.SOL) return fromFormula(sol);
  const reference = low ? op.lowReference : op.reference;
  if (changetype<usize>(reference) == 0) return NO_EMPIRICAL;
  const utilisation = utilisationAt(reference, c0, c1, c2);
  if (!(utilisation > 0.0)) return NO_EMPIRICAL;
  mark(FROM_EMPIRICAL);
  return give(sol / (utilisation * (low ? 1.0 : op.ratio)), 0.0);
}

function fromFormula(ms: f64): i32 {
  mark(FROM_FORMULA);
  return give(ms, 0.0);
}

function asksTable(op: Op): bool {
  return op.mode <= Mode.HYBRID;
}

/** Tokens that one GPU of the operator sees. */
export function tokensOf(op: Op, x: f64): f64 {
  const split = op.split;
  if (split == 1.0) return x * op.multiple;
  return (split < 0.0 ? Math.floor(x / -split) : Math.ceil(x / split)) *
    op.multiple;
}

/** @param x tokens of the pass; @param b requests; @param s new tokens (context) or KV length (generation) */
export function evaluate(op: Op, b: f64, s: f64, prefix: f64, x: f64): i32 {
  if (op.kind == Kind.FAIL) return op.failure;
  const tokens = tokensOf(op, x);
  switch (op.kind) {
    case Kind.LINEAR:
      return op.mode == Mode.SOL
        ? give(tokens * op.solMsPerToken, 0.0)
        : give(tokens * op.msPerToken + op.constantMs, 0.0);
    case Kind.GEMM:
      return gemm(op, tokens);
    case Kind.CONTEXT_ATTENTION:
      return contextAttention(op, b, s, prefix);
    case Kind.GENERATION_ATTENTION:
      return generationAttention(op, b, s);
    case Kind.MESSAGE:
      return message(op, tokens * op.elements);
    case Kind.MOE:
      return moe(op, nearest(tokens));
    case Kind.CONTEXT_MLA:
      return contextMla(op, b, s, prefix);
    case Kind.GENERATION_MLA:
    case Kind.GENERATION_MLA_MODULE:
      return generationMla(op, b, s);
    case Kind.MLA_BMM:
      return mlaBmm(op, b);
    case Kind.FALLBACK:
      return fallback(op, b, s, prefix, x);
    case Kind.OVERLAP:
      return overlap(op, b, s, prefix, x);
  }
  return NOT_MEASURED;
}

function gemm(op: Op, m: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  const isStatic = changetype<usize>(op.computeScale) != 0;
  if (asksTable(op)) {
    const status = changetype<usize>(op.sites) == 0
      ? NOT_MEASURED
      : gemmTable(op, m);
    if (status == OK) {
      mark(FROM_TABLE);
      return isStatic
        ? staticFp8(op, m)
        : give(resultMs, resultWatts * resultMs);
    }
    if (op.mode == Mode.SILICON) return status;
  }
  if (op.mode == Mode.ROOFLINE) {
    const status = fromFormula(gemmRoofline(op, m));
    if (!isStatic) return status;
    answer(valueMs, 0.0);
    return staticFp8(op, m);
  }
  const sol = gemmSol(m, op.n, op.k, op.flops, op.elementBytes);
  const status = fromSol(op, sol, false, m, op.n, op.k);
  if (status != OK || !isStatic) return status;
  answer(valueMs, 0.0);
  return staticFp8(op, m);
}

/**
 * fp8_static: the dynamic fp8 kernel without its quantisation steps, not below the speed of light (§5.2). Takes the
 * kernel's own value from `resultMs`, `resultWatts`.
 */
function staticFp8(op: Op, m: f64): i32 {
  let ms = resultMs;
  let energy = resultWatts * resultMs;
  const missing = op.mode == Mode.SILICON ? NOT_MEASURED : NO_EMPIRICAL;
  if (quantizeStep(op, op.computeScale, m) != OK) return missing;
  ms -= resultMs;
  energy -= resultWatts * resultMs;
  if (changetype<usize>(op.scaleMatrix) != 0) {
    if (quantizeStep(op, op.scaleMatrix, m) != OK) return missing;
    ms -= resultMs;
    energy -= resultWatts * resultMs;
  }
  const sol = gemmSol(m, op.n, op.k, op.flops, op.elementBytes);
  return give(max(ms, sol), energy);
}

/** One quantisation step at m rows: its table, its formula, or in EMPIRICAL what its nearest rows took (§5.12). */
function quantizeStep(op: Op, step: Op, m: f64): i32 {
  if (op.mode == Mode.ROOFLINE) {
    return answer(quantizeRoofline(step, m, op.k), 0.0);
  }
  if (op.mode != Mode.EMPIRICAL) return quantizeTable(step, m, op.k);
  if (step.kind == Kind.FAIL) return NO_EMPIRICAL;
  const sol = quantizeSol(step.elementBytes, m, op.k);
  if (step.elementBytes == COMPUTE_SCALE_BYTES) {
    const slowness = slownessAt(step, m, op.k);
    return slowness < 0.0 ? NO_EMPIRICAL : answer(sol * slowness, 0.0);
  }
  const utilisation = utilisationAt(step, 0.0, m, op.k);
  return utilisation > 0.0 ? answer(sol / utilisation, 0.0) : NO_EMPIRICAL;
}

/** Context attention and the work around it that does not depend on tokens (§5.3). */
function contextAttention(op: Op, b: f64, s: f64, prefix: f64): i32 {
  const status = contextMla(op, b, s, prefix);
  if (status == OK) valueMs += op.extraMs;
  return status;
}

/** Attention over a prompt; with context parallelism the first and the last chunk of a zigzag (§5.3, §5.11). */
function contextMla(op: Op, b: f64, s: f64, prefix: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  if (op.contextParallel <= 1.0) return contextChunk(op, b, s, prefix);
  const chunk = max(Math.ceil(s / (2.0 * op.contextParallel)), 1.0);
  let status = contextChunk(op, b, chunk, prefix);
  if (status != OK) return status;
  const ms = valueMs;
  const energy = valueEnergy;
  status = contextChunk(op, b, chunk, prefix + s - chunk);
  if (status != OK) return status;
  return give(ms + valueMs, energy + valueEnergy);
}

function contextChunk(op: Op, b: f64, s: f64, prefix: f64): i32 {
  const full = s + prefix;
  if (asksTable(op)) {
    const status = changetype<usize>(op.grid) == 0
      ? NOT_MEASURED
      : gridTable(op, op.heads, full, b);
    if (status == OK) {
      const share = (full * full - prefix * prefix) / (full * full);
      mark(FROM_TABLE);
      return give(resultMs * share, resultWatts * resultMs * share);
    }
    if (op.mode == Mode.SILICON) return status;
  }
  const latent = op.kind == Kind.CONTEXT_MLA;
  if (op.mode == Mode.ROOFLINE && !latent) {
    return fromFormula(contextRoofline(op, s, prefix, b));
  }
  const sol = latent
    ? contextMlaSol(op, op.heads, s, prefix, b)
    : contextSol(op, op.heads, s, prefix, b);
  if (op.mode == Mode.ROOFLINE) return fromFormula(plainRoofline(op));
  return fromSol(op, sol, false, op.heads, full, b);
}

function generationAttention(op: Op, b: f64, s: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  if (asksTable(op)) {
    let status = NOT_MEASURED;
    if (changetype<usize>(op.grid) != 0) status = fiveLengths(op, b, <i32> s);
    if (status == OK) {
      mark(FROM_TABLE);
      return give(lengthsMs, lengthsEnergy);
    }
    if (op.mode == Mode.SILICON) return status;
  }
  if (op.mode == Mode.ROOFLINE) {
    return fromFormula(generationRoofline(op, b, s));
  }
  const sol = generationSol(op, op.heads, b, s);
  return fromSol(op, sol, false, op.heads, b, s);
}

/** Latent attention of a decode step, alone or as a module: one look-up (§5.11). */
function generationMla(op: Op, b: f64, s: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  // A module holds projections too.
  if (op.kind == Kind.GENERATION_MLA_MODULE && !(op.projectionFlops > 0.0)) {
    return MISSING_FLOPS;
  }
  if (asksTable(op)) {
    const status = changetype<usize>(op.grid) == 0
      ? NOT_MEASURED
      : gridTable(op, op.heads, b, s);
    if (status == OK) return fromTable();
    if (op.mode == Mode.SILICON) return status;
  }
  const sol = attentionSol(op, op.heads, b, s);
  if (op.mode == Mode.ROOFLINE) return fromFormula(plainRoofline(op));
  return fromSol(op, sol, false, op.heads, b, s);
}

/** Batched GEMM around latent attention; `beyond` carries a curve of more heads over (§5.11). */
function mlaBmm(op: Op, b: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  if (asksTable(op)) {
    const status = changetype<usize>(op.grid) == 0
      ? NOT_MEASURED
      : curveTable(op, op.grid, b);
    if (status == OK) {
      mark(FROM_TABLE);
      return give(resultMs * op.beyond, resultWatts * resultMs * op.beyond);
    }
    if (op.mode == Mode.SILICON) return status;
  }
  const sol = mlaBmmSol(op, op.heads, b);
  if (op.mode == Mode.ROOFLINE) return fromFormula(plainRoofline(op));
  return fromSol(op, sol, false, 0.0, 0.0, b);
}

let groupMs: f64 = 0.0;
let groupEnergy: f64 = 0.0;

/** Sum of the children from `first` up to `end`. */
function group(
  op: Op,
  first: i32,
  end: i32,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): i32 {
  let ms = 0.0, energy = 0.0;
  for (let i = first; i < end; i++) {
    const child = changetype<Op>(
      <usize> load<u32>(op.children + ((<usize> i) << 2)),
    );
    const status = evaluate(child, b, s, prefix, x);
    if (status != OK) return status;
    ms += valueMs * child.scale;
    energy += valueEnergy * child.scale;
  }
  groupMs = ms;
  groupEnergy = energy;
  return OK;
}

/** Only a gap in the tables leads to the granular operators; other refusals are refusals. */
function fallback(op: Op, b: f64, s: f64, prefix: f64, x: f64): i32 {
  let status = group(op, 0, 1, b, s, prefix, x);
  if (status == NOT_MEASURED) {
    status = group(op, 1, op.childCount, b, s, prefix, x);
  }
  return status == OK ? give(groupMs, groupEnergy) : status;
}

/** The longer of two groups sets the time, both draw power. */
function overlap(op: Op, b: f64, s: f64, prefix: f64, x: f64): i32 {
  let status = group(op, 0, op.secondGroup, b, s, prefix, x);
  if (status != OK) return status;
  const ms = groupMs;
  const energy = groupEnergy;
  status = group(op, op.secondGroup, op.childCount, b, s, prefix, x);
  if (status != OK) return status;
  return give(max(ms, groupMs), energy + groupEnergy);
}

function message(op: Op, size: f64): i32 {
  if (asksTable(op)) {
    const status = changetype<usize>(op.grid) == 0
      ? NOT_MEASURED
      : curveTable(op, op.grid, size);
    if (status == OK) {
      mark(FROM_TABLE);
      return give(
        resultMs * op.beyond,
        op.isDispatch ? 0.0 : resultWatts * resultMs * op.beyond,
      );
    }
    if (op.mode == Mode.SILICON) return status;
  }
  const sol = size * op.solMsPerElement;
  if (op.mode == Mode.ROOFLINE) return fromFormula(messageRoofline(op, sol));
  return fromSol(op, sol, false, 0.0, 0.0, size);
}

/** Tokens up to which the low-latency experts of nvfp4 are used (§5.9). */
export const LOW_LATENCY_TOKENS: f64 = 128.0;

function moe(op: Op, tokens: f64): i32 {
  if (!(op.flops > 0.0)) return MISSING_FLOPS;
  const low = tokens <= LOW_LATENCY_TOKENS &&
    (changetype<usize>(op.lowLatency) != 0 ||
      changetype<usize>(op.lowReference) != 0);
  if (asksTable(op)) {
    const curve: Grid = low ? op.lowLatency : op.grid;
    const status = changetype<usize>(curve) == 0
      ? NOT_MEASURED
      : curveTable(op, curve, tokens);
    if (status == OK) return fromTable();
    if (op.mode == Mode.SILICON) return status;
  }
  if (op.mode == Mode.ROOFLINE) {
    return fromFormula(moeRoofline(low ? op.lowReference : op, tokens));
  }
  return fromSol(op, moeSol(op, tokens), low, 0.0, 0.0, tokens);
}
