/**
 * Watts of operators without measured power (R53): idle draw plus a share of what is left to the TDP, from how busy
 * the operator keeps the tensor cores and the memory.
 */

import { attentionSol } from "./attention_sol";
import { idleWatts, tdpWatts } from "./machine";
import { Kind, Op } from "./op";
import { opAt, Phase, Program } from "./program";
import {
  contextMlaSol,
  contextSol,
  gemmSol,
  mathMs,
  memoryMs,
  mlaBmmSol,
  moeSol,
} from "./sol";
import { Role } from "./op";

/** Energy of the phase with gaps filled (W·ms), latency with measured power, and latency in all (ms). */
export let filledEnergy: f64 = 0.0;
export let measuredMs: f64 = 0.0;
export let totalMs: f64 = 0.0;

// @ts-ignore: decorator

function share(op: Op, compute: f64, memory: f64): f64 {
  const load = op.powerBase +
    op.powerCompute * Math.pow(min(compute, 1.0), op.powerComputeExponent) +
    op.powerMemory * Math.pow(min(memory, 1.0), op.powerMemoryExponent);
  return min(max(load, 0.0), 1.0);
}

/** Sets the speed of light of one operator at a point; false where it has none of its own. */
function lightOf(op: Op, b: f64, s: f64, prefix: f64, x: f64): bool {
  const tokens = op.split < 0.0
    ? Math.floor(x / -op.split) * op.multiple
    : Math.ceil(x / op.split) * op.multiple;
  switch (op.kind) {
    case Kind.GEMM:
      gemmSol(tokens, op.n, op.k, op.flops, op.elementBytes);
      return true;
    case Kind.CONTEXT_ATTENTION:
      contextSol(op, op.heads, s, prefix, b);
      return true;
    case Kind.CONTEXT_MLA:
      contextMlaSol(op, op.heads, s, prefix, b);
      return true;
    case Kind.GENERATION_ATTENTION:
    case Kind.GENERATION_MLA:
    case Kind.GENERATION_MLA_MODULE:
      attentionSol(op, op.heads, b, s);
      return true;
    case Kind.MLA_BMM:
      mlaBmmSol(op, op.heads, b);
      return true;
    case Kind.MOE:
      moeSol(op, nearest(tokens));
      return true;
  }
  return false;
}

/** Modelled watts of an operator that takes `ms` at a point. */
function wattsOf(
  op: Op,
  ms: f64,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): f64 {
  const known = lightOf(op, b, s, prefix, x);
  const load = known
    ? share(op, mathMs / ms, memoryMs / ms)
    : share(op, 0.0, 0.0);
  return idleWatts + (tdpWatts - idleWatts) * load;
}

/**
 * Fills the gaps of the phase asked last.
 * @param steps passes that the operators' figures are summed over: 1, or the decode steps of a static run
 */
export function fillPower(
  program: Program,
  phase: i32,
  b: f64,
  s: f64,
  prefix: f64,
  steps: f64,
): void {
  const generation = phase == Phase.GENERATION;
  const list = generation ? program.generationOps : program.contextOps;
  const count = generation ? program.generationCount : program.contextCount;
  const fresh = generation ? s : s - prefix;
  const tokens = generation ? b : b * fresh;
  filledEnergy = 0.0;
  measuredMs = 0.0;
  totalMs = 0.0;
  for (let i = 0; i < count; i++) {
    const op = opAt(list, i);
    const ms = op.lastMs;
    if (!(ms > 0.0)) continue;
    totalMs += ms;
    if (op.lastEnergy > 0.0) {
      measuredMs += ms;
      filledEnergy += op.lastEnergy;
      continue;
    }
    const x = op.role == Role.LOGITS ? b : tokens;
    const each = ms / (op.scale * steps);
    filledEnergy += ms * wattsOf(op, each, b, fresh, prefix, x);
  }
}
