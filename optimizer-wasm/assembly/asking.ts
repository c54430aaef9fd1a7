/** Asking: every question ends with a status and leaves its answer in the output window. */

import * as agg from "./agg";
import { allocate, setF64 } from "./arrays";
import * as compose from "./compose";
import { Fused, fusedPass } from "./fused";
import { Op } from "./op";
import * as phase from "./phase";
import { compute, lightOf, memory } from "./power";
import * as power from "./power_sums";
import {
  contextPass,
  failedIndex,
  generationPass,
  opAt,
  passEnergy,
  passFlags,
  passMs,
  Phase,
  Program,
} from "./program";
import { Question } from "./question";
import { OK, OUT_OF_RANGE } from "./status";

/** Sixteen doubles that answers are written to; the host reads them through one view. */
const OUTPUT: i32 = 16;
const output = allocate(OUTPUT * 8);

export function outputAddress(): usize {
  return output;
}

/** Index of the operator that failed last, in its phase. */
export function failedOperator(): i32 {
  return failedIndex;
}

function give(at: i32, ms: f64, energy: f64, bits: i32): void {
  setF64(output, at, ms);
  setF64(output, at + 1, energy);
  setF64(output, at + 2, <f64> bits);
}

/** The question asked last: the figures of its operators are made when they are wanted. */
const question: Question = changetype<Question>(
  allocate(offsetof<Question>()),
);

/** Output: 0 ms, 1 energy (W·ms), 2 flags. */
export function prefill(
  program: Program,
  batch: f64,
  isl: f64,
  prefix: f64,
): i32 {
  const fresh = isl - prefix;
  let status = OUT_OF_RANGE;
  question.set(program, Phase.CONTEXT, batch, isl, prefix, 0, 0);
  if (program.contextFused != 0 && fresh > 0.0) {
    const fused = changetype<Fused>(program.contextFused);
    status = fusedPass(fused, batch, fresh, prefix, batch * fresh);
  }
  if (status == OUT_OF_RANGE) {
    status = contextPass(program, batch, isl, prefix, -1, false);
  }
  if (status == OK) give(0, passMs, passEnergy, passFlags);
  return status;
}

/** One decode step at a KV length. Output: 0 ms, 1 energy, 2 flags. */
export function decode(program: Program, batch: f64, length: f64): i32 {
  let status = OUT_OF_RANGE;
  question.set(program, Phase.GENERATION, batch, length, 0.0, 0, 0);
  if (program.generationFused != 0) {
    const fused = changetype<Fused>(program.generationFused);
    status = fusedPass(fused, batch, length, 0.0, batch);
  }
  if (status == OUT_OF_RANGE) {
    status = generationPass(program, batch, length, -1, false);
  }
  if (status == OK) give(0, passMs, passEnergy, passFlags);
  return status;
}

/** All decode steps of a static run. Output: 3 ms, 4 energy, 5 flags. */
export function decodeAll(
  program: Program,
  batch: f64,
  isl: i32,
  osl: i32,
  stride: i32,
): i32 {
  question.set(program, Phase.GENERATION, batch, <f64> isl, 0.0, osl, stride);
  const status = phase.decodePhase(program, batch, isl, osl, stride, false);
  if (status == OK) {
    give(3, phase.phaseMs, phase.phaseEnergy, phase.phaseFlags);
  }
  return status;
}

/** Asks the last question again, operator by operator, so that each has its figures. */
function askPlainly(): void {
  if (!question.pending) return;
  question.pending = false;
  const q = question;
  if (q.phase == Phase.CONTEXT) {
    contextPass(q.program, q.batch, q.length, q.prefix, -1, false);
  } else if (q.osl == 0) {
    generationPass(q.program, q.batch, q.length, -1, false);
  } else {
    phase.decodePhase(q.program, q.batch, <i32> q.length, q.osl, q.stride, true);
  }
}

/** Prefill, then all decode steps. Output as of both. @param drafts multi-token prediction */
export function runStatic(
  program: Program,
  batch: f64,
  isl: i32,
  osl: i32,
  prefix: i32,
  stride: i32,
  drafts: f64,
): i32 {
  const status = prefill(program, batch, <f64> isl, <f64> prefix);
  if (status != OK) return status;
  return decodeAll(program, batch * (drafts + 1.0), isl, osl, stride);
}

/** Output: 0 ms, 1 energy, 2 flags. */
export function mixed(
  program: Program,
  context: f64,
  requests: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
): i32 {
  const status = compose.mixedStep(
    program,
    context,
    requests,
    isl,
    osl,
    prefix,
    drafts,
    false,
  );
  if (status == OK) {
    give(0, compose.stepMs, compose.stepEnergy, compose.stepFlags);
  }
  return status;
}

/** A step of decode requests alone. Output: 0 ms, 1 energy, 2 flags. */
export function generationOnly(
  program: Program,
  requests: f64,
  isl: f64,
  osl: f64,
  drafts: f64,
): i32 {
  const status = compose.decodeStep(
    program,
    requests,
    isl,
    osl,
    drafts,
    false,
  );
  if (status == OK) {
    give(0, compose.stepMs, compose.stepEnergy, compose.stepFlags);
  }
  return status;
}

/**
 * Aggregated serving. Output: 0 ttft, 1 tpot, 2 request (ms), 3 tokens/s, 4 watts, 5 flags, 6 mixed step, 7 generation
 * step (ms), 8 mixed steps, 9 generation steps, 10 decode requests in a mixed step.
 */
export function aggregated(
  program: Program,
  batch: f64,
  context: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
  vllm: bool,
  layerOverheadMs: f64,
): i32 {
  const status = agg.runAgg(
    program,
    batch,
    context,
    isl,
    osl,
    prefix,
    drafts,
    vllm,
    layerOverheadMs,
  );
  if (status != OK) return status;
  setF64(output, 0, agg.ttftMs);
  setF64(output, 1, agg.tpotMs);
  setF64(output, 2, agg.requestMs);
  setF64(output, 3, agg.tokensPerSecond);
  setF64(output, 4, agg.aggWatts);
  setF64(output, 5, <f64> agg.aggFlags);
  setF64(output, 6, agg.mixedMs);
  setF64(output, 7, agg.generationMs);
  setF64(output, 8, agg.mixedSteps);
  setF64(output, 9, agg.generationSteps);
  setF64(output, 10, agg.mixedDecodeRequests);
  return OK;
}

/** Figures of one operator in the answer given last. Output: 0 ms, 1 energy, 2 flags. */
export function operatorFigures(
  program: Program,
  phase: i32,
  index: i32,
): void {
  askPlainly();
  const list = phase == Phase.GENERATION
    ? program.generationOps
    : program.contextOps;
  const op = opAt(list, index);
  give(0, op.lastMs, op.lastEnergy, op.lastFlags);
}

/**
 * Power of the phase asked last, at a batch, length and cached prefix. Output: 0 ms, 1 clock-bound ms, 2 energy (W·ms),
 * 3 clock-bound energy, 4 energy and 5 clock-bound energy at the upper end of the interval, 6 energy at the lower end,
 * then ms by the source of the watts: 7 measured, 8 borrowed, 9 modelled, 10 TDP.
 *
 * @param length input tokens (context) or KV length (generation; its middle, when the phase is all decode steps)
 * @param steps passes that the phase is summed over: 1, or the decode steps of a static run
 */
export function powerSums(
  program: Program,
  which: i32,
  batch: f64,
  length: f64,
  prefix: f64,
  steps: f64,
): void {
  power.clearSums();
  // Decode steps draw as the one in the middle does, over the time of all of them.
  let each = 1.0;
  if (
    question.osl != 0 &&
    generationPass(program, batch, length, -1, false) == OK && passMs > 0.0
  ) {
    each = passMs / phase.phaseMs;
    steps = 1.0;
    question.pending = true;
  } else askPlainly();
  power.addPassSums(
    program,
    which,
    batch,
    which == Phase.GENERATION ? length : length - prefix,
    prefix,
    -1,
    false,
    steps,
    each,
  );
  givePower();
}

/** Power of a mixed step; output as of `powerSums`. */
export function mixedPowerSums(
  program: Program,
  context: f64,
  requests: f64,
  isl: f64,
  osl: f64,
  prefix: f64,
  drafts: f64,
): i32 {
  power.clearSums();
  const status = compose.mixedStep(
    program,
    context,
    requests,
    isl,
    osl,
    prefix,
    drafts,
    true,
  );
  if (status == OK) givePower();
  return status;
}

/** Power of a step of decode requests alone; output as of `powerSums`. */
export function generationPowerSums(
  program: Program,
  requests: f64,
  isl: f64,
  osl: f64,
  drafts: f64,
): i32 {
  power.clearSums();
  const status = compose.decodeStep(program, requests, isl, osl, drafts, true);
  if (status == OK) givePower();
  return status;
}

function givePower(): void {
  setF64(output, 0, power.sumMs);
  setF64(output, 1, power.sumClockMs);
  setF64(output, 2, power.energy());
  setF64(output, 3, power.clockEnergy());
  setF64(output, 4, power.energyHigh());
  setF64(output, 5, power.clockEnergyHigh());
  setF64(output, 6, power.energyLow());
  setF64(output, 7, power.measuredMs);
  setF64(output, 8, power.borrowedMs);
  setF64(output, 9, power.modelledMs);
  setF64(output, 10, power.tdpMs);
}

/**
 * Compute and memory time of an operator at a point, at the speed of light; for fits over tables. Output: 0 compute,
 * 1 memory (ms).
 */
export function operatorLight(
  op: Op,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): void {
  lightOf(op, b, s, prefix, x);
  setF64(output, 0, compute);
  setF64(output, 1, memory);
}
