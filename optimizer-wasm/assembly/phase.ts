/**
 * The decode phase of a static run (`aic-engine.md` §7.2): only attention depends on the length, so everything else is
 * asked once.
 */

import { i32At } from "./arrays";
import { Fused, startFused } from "./fused";
import {
  allSingleSteps,
  allSteps,
  lengthsEnergy,
  lengthsMs,
} from "./lengths";
import { Kind, Mode, Op } from "./op";
import {
  addOp,
  opAt,
  passEnergy,
  passFlags,
  passMs,
  Program,
  setPass,
  startPass,
} from "./program";
import { clearFlags, flags, FROM_TABLE, OK } from "./status";

/** Sums over the decode phase, milliseconds and watt-milliseconds. */
export let phaseMs: f64 = 0.0;
export let phaseEnergy: f64 = 0.0;
export let phaseFlags: i32 = 0;

/**
 * @param stride decode steps that share one evaluation
 * @param plain leaves the figures of every operator behind; otherwise folded operators have none
 */
export function decodePhase(
  program: Program,
  batch: f64,
  isl: i32,
  osl: i32,
  stride: i32,
  plain: bool,
): i32 {
  phaseMs = 0.0;
  phaseEnergy = 0.0;
  phaseFlags = 0;
  startPass();
  const steps = osl - 1;
  if (steps <= 0) return OK;
  let ms = 0.0, energy = 0.0;
  let attentionFlags = 0;
  let list = program.generationOps;
  let count = program.generationCount;
  let places: usize = 0;
  if (!plain && program.generationFused != 0) {
    const fused = changetype<Fused>(program.generationFused);
    if (startFused(fused, batch, <f64> (isl + 1), 0.0, batch) == OK) {
      list = fused.rest;
      count = fused.restCount;
      places = fused.restPlace;
    } else startPass();
  }
  for (let k = 0; k < count; k++) {
    const op = opAt(list, k);
    const i = places == 0 ? k : i32At(places, k);
    if (dependsOnLength(op)) {
      clearFlags();
      const status = op.kind == Kind.GENERATION_ATTENTION
        ? attentionPhase(op, i, batch, isl, steps, stride)
        : latentPhase(op, i, batch, isl, steps, stride);
      if (status != OK) return status;
      ms += op.lastMs;
      energy += op.lastEnergy;
      attentionFlags |= op.lastFlags;
    } else {
      const status = addOp(op, i, batch, <f64> (isl + 1), 0.0, batch);
      if (status != OK) return status;
      op.lastMs *= <f64> steps;
      op.lastEnergy *= <f64> steps;
    }
  }
  phaseMs = passMs * <f64> steps + ms;
  phaseEnergy = passEnergy * <f64> steps + energy;
  phaseFlags = passFlags | attentionFlags;
  return OK;
}

/** Attention grows with the KV cache; everything else sees the batch alone. */
function dependsOnLength(op: Op): bool {
  return (op.kind == Kind.GENERATION_ATTENTION && op.flops > 0.0) ||
    op.kind == Kind.GENERATION_MLA ||
    op.kind == Kind.GENERATION_MLA_MODULE || op.kind == Kind.FALLBACK;
}

function attentionPhase(
  op: Op,
  index: i32,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const tables = op.mode <= Mode.HYBRID && changetype<usize>(op.grid) != 0;
  if (tables && allSteps(op, batch, isl, steps, stride) == OK) {
    op.lastMs = lengthsMs * op.scale;
    op.lastEnergy = lengthsEnergy * op.scale;
    op.lastFlags = flags | FROM_TABLE;
    return OK;
  }
  return stepByStep(op, index, batch, isl, steps, stride);
}

/** Latent attention, alone or as the measured module of a block; what its table does not answer is asked step by step. */
function latentPhase(
  op: Op,
  index: i32,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const isBlock = op.kind == Kind.FALLBACK;
  const kernel = isBlock ? opAt(op.children, 0) : op;
  const isLatent = kernel.kind == Kind.GENERATION_MLA ||
    kernel.kind == Kind.GENERATION_MLA_MODULE;
  const tables = isLatent && kernel.mode <= Mode.HYBRID &&
    changetype<usize>(kernel.grid) != 0 && kernel.flops > 0.0 &&
    (kernel.kind == Kind.GENERATION_MLA || kernel.projectionFlops > 0.0);
  if (!tables || allSingleSteps(kernel, batch, isl, steps, stride) != OK) {
    clearFlags();
    return stepByStep(op, index, batch, isl, steps, stride);
  }
  const scale = isBlock ? kernel.scale * op.scale : op.scale;
  op.lastMs = lengthsMs * scale;
  op.lastEnergy = lengthsEnergy * scale;
  op.lastFlags = flags | FROM_TABLE;
  return OK;
}

/** The plain way: every step asks the operator. For modes without tables, and where a step has to be refused. */
function stepByStep(
  op: Op,
  index: i32,
  batch: f64,
  isl: i32,
  steps: i32,
  stride: i32,
): i32 {
  const beforeMs = passMs;
  const beforeEnergy = passEnergy;
  const beforeFlags = passFlags;
  let ms = 0.0, energy = 0.0;
  let seen = 0;
  for (let i = 0; i < steps; i += stride) {
    const status = addOp(op, index, batch, <f64> (isl + i + 1), 0.0, batch);
    if (status != OK) return status;
    const repeat = <f64> min(stride, steps - i);
    ms += op.lastMs * repeat;
    energy += op.lastEnergy * repeat;
    seen |= op.lastFlags;
  }
  setPass(beforeMs, beforeEnergy, beforeFlags);
  op.lastMs = ms;
  op.lastEnergy = energy;
  op.lastFlags = seen;
  return OK;
}
