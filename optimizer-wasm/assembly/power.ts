/**
 * Watts of operators without measured power (R53): idle draw plus a share of what is left to the TDP, from how busy
 * the operator keeps the tensor cores and the memory.
 */

import { attentionSol } from "./attention_sol";
import { idleWatts, tdpWatts } from "./machine";
import { Kind, Op, Role } from "./op";
import { tokensOf } from "./operators";
import { opAt, Phase, Program } from "./program";
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

/** Energy of the phase with gaps filled (W·ms), latency with measured power, and latency in all (ms). */
export let filledEnergy: f64 = 0.0;
export let measuredMs: f64 = 0.0;
export let totalMs: f64 = 0.0;

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
  compute = mathMs;
  memory = memoryMs;
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
  lightOf(op, b, s, prefix, x);
  const load = share(op, compute / ms, memory / ms);
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
    // The work around attention is not the kernel that was measured.
    const each = max(ms / (op.scale * steps) - op.extraMs, 1e-9);
    filledEnergy += ms * wattsOf(op, each, b, fresh, prefix, x);
  }
}
