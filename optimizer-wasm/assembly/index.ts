/**
 * The door of the module: scalars and addresses in, a status and the output window out. One instance serves one pack
 * (one system, backend, version); nothing is allocated once its programs are compiled.
 */

import * as agg from "./agg";
import { allocate, f64At, setF64 } from "./arrays";
import { bindSites } from "./gemm";
import { bindHold } from "./hold";
import { bindQuantize } from "./quantize";
import * as compose from "./compose";
import { fuse, Fused, fusedPass } from "./fused";
import { Grid, openGrid } from "./grid";
import { configure } from "./machine";
import { Kind, Op } from "./op";
import * as phase from "./phase";
import { filledEnergy, fillPower, measuredMs, totalMs } from "./power";
import {
  append,
  contextPass,
  failedIndex,
  generationPass,
  newProgram,
  opAt,
  passEnergy,
  passFlags,
  passMs,
  Phase,
  Program,
} from "./program";
import { openSites, Sites } from "./sites";
import { Question } from "./question";
import { OK, OUT_OF_RANGE } from "./status";

export { configure, newProgram, openGrid, openSites };

/** Sixteen doubles that answers are written to; the host reads them through one view. */
const OUTPUT: i32 = 16;
const output = allocate(OUTPUT * 8);

export function outputAddress(): usize {
  return output;
}

/** Room for a pack's payload. */
export function reserve(bytes: i32): usize {
  return allocate(bytes);
}

// --- compiling: make an operator, set it up, append it -------------------------------------------------------------

/** A fresh operator. @param multiple tokens = ⌈x / split⌉ · multiple */
export function newOp(
  kind: i32,
  mode: i32,
  role: i32,
  scale: f64,
  split: f64,
  multiple: f64,
): Op {
  const op = changetype<Op>(allocate(offsetof<Op>()));
  op.kind = kind;
  op.mode = mode;
  op.role = role;
  op.scale = scale;
  op.split = split;
  op.multiple = multiple;
  op.ratio = 1.0;
  op.beyond = 1.0;
  op.roofCompute = 1.0;
  op.roofMemory = 1.0;
  op.roofExponent = Infinity;
  return op;
}

export function appendOp(program: Program, phase: i32, op: Op): bool {
  return append(program, phase, op);
}

export function setFailure(op: Op, status: i32): void {
  op.failure = status;
}

export function setLinear(
  op: Op,
  msPerToken: f64,
  constantMs: f64,
  solMsPerToken: f64,
): void {
  op.msPerToken = msPerToken;
  op.constantMs = constantMs;
  op.solMsPerToken = solMsPerToken;
}

/** Rate and element size: of a GEMM's or MoE's weights. */
export function setPrecision(op: Op, flops: f64, elementBytes: f64): void {
  op.flops = flops;
  op.elementBytes = elementBytes;
}

export function setGemm(op: Op, n: f64, k: f64): void {
  op.n = n;
  op.k = k;
}

/** Call after `setGemm` and `setPrecision`. */
export function setSites(op: Op, sites: Sites): void {
  bindSites(op, sites);
}

/** A reference operator of an empirical transfer needs the rows, not a place among them. */
export function setReferenceSites(op: Op, sites: Sites): void {
  op.sites = sites;
}

/** fp8_static: the quantisation steps that are subtracted; `scaleMatrix` null where only the first is. */
export function setQuantize(op: Op, computeScale: Op, scaleMatrix: Op): void {
  op.computeScale = computeScale;
  op.scaleMatrix = scaleMatrix;
}

export function setGrid(op: Op, grid: Grid): void {
  op.grid = grid;
  if (changetype<usize>(grid) == 0) return;
  if (op.kind == Kind.QUANTIZE) bindQuantize(op);
  if (hasAxes(op.kind)) bindHold(op);
}

/** Kinds whose grid has more than one axis, and so a hold of its own. */
function hasAxes(kind: i32): bool {
  return kind == Kind.CONTEXT_ATTENTION ||
    kind == Kind.GENERATION_ATTENTION || kind == Kind.CONTEXT_MLA ||
    kind == Kind.GENERATION_MLA || kind == Kind.GENERATION_MLA_MODULE ||
    kind == Kind.QUANTIZE;
}

/** Call before `setGrid`. */
export function setAttention(
  op: Op,
  heads: f64,
  kvHeads: f64,
  headSize: f64,
  window: f64,
  kvBytes: f64,
  extraMs: f64,
  contextParallel: f64,
): void {
  op.heads = heads;
  op.kvHeads = kvHeads;
  op.headSize = headSize;
  op.window = window;
  op.kvBytes = kvBytes;
  op.extraMs = extraMs;
  op.contextParallel = contextParallel;
}

/** Latent attention: `projectionFlops` and `elementBytes` are those of the GEMMs inside a module. */
export function setMla(
  op: Op,
  heads: f64,
  kvBytes: f64,
  projectionFlops: f64,
  contextParallel: f64,
): void {
  op.heads = heads;
  op.kvBytes = kvBytes;
  op.projectionFlops = projectionFlops;
  op.contextParallel = contextParallel;
}

/** Factor on what the table gives. */
export function setBeyond(op: Op, factor: f64): void {
  op.beyond = factor;
}

/** Room for the children of a block; `secondGroup` of an overlap is where its second group begins. */
export function setChildren(op: Op, count: i32, secondGroup: i32): void {
  op.children = allocate((<usize> count) << 2);
  op.childCount = count;
  op.secondGroup = secondGroup;
}

export function setChild(op: Op, index: i32, child: Op): void {
  store<u32>(
    op.children + ((<usize> index) << 2),
    <u32> changetype<usize>(child),
  );
}

export function setMessage(
  op: Op,
  elements: f64,
  solMsPerElement: f64,
  beyond: f64,
): void {
  op.elements = elements;
  op.solMsPerElement = solMsPerElement;
  op.beyond = beyond;
}

export function setMoe(
  op: Op,
  hidden: i32,
  inter: i32,
  topk: i32,
  experts: i32,
  moeTp: i32,
  moeEp: i32,
  gemms: i32,
): void {
  op.hidden = hidden;
  op.inter = inter;
  op.topk = topk;
  op.experts = experts;
  op.moeTp = moeTp;
  op.moeEp = moeEp;
  op.gemms = gemms;
}

export function setLowLatency(op: Op, grid: Grid): void {
  op.lowLatency = grid;
}

export function setReference(op: Op, reference: Op, ratio: f64): void {
  op.reference = reference;
  op.ratio = ratio;
}

export function setLowReference(op: Op, reference: Op): void {
  op.lowReference = reference;
}

/** Efficiencies of a GPU generation; see `roofline.ts` for the family's own terms. */
export function setRoofline(
  op: Op,
  ms: f64,
  compute: f64,
  memory: f64,
  exponent: f64,
  tile: f64,
  scale: f64,
  issue: f64,
  host: f64,
  processors: f64,
): void {
  op.roofMs = ms;
  op.roofCompute = compute;
  op.roofMemory = memory;
  op.roofExponent = exponent;
  op.roofTile = tile;
  op.roofScale = scale;
  op.roofIssue = issue;
  op.roofHost = host;
  op.processors = processors;
}

/** Coefficients of the modelled power of an operator's family. */
export function setPower(
  op: Op,
  base: f64,
  compute: f64,
  computeExponent: f64,
  memory: f64,
  memoryExponent: f64,
): void {
  op.powerBase = base;
  op.powerCompute = compute;
  op.powerComputeExponent = computeExponent;
  op.powerMemory = memory;
  op.powerMemoryExponent = memoryExponent;
}

/** Folds both phases; call once, when all operators are appended. */
export function seal(program: Program): void {
  program.contextFused = changetype<usize>(
    fuse(program.contextOps, program.contextCount, false),
  );
  program.generationFused = changetype<usize>(
    fuse(program.generationOps, program.generationCount, true),
  );
}

// --- asking --------------------------------------------------------------------------------------------------------

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
  const status = compose.decodeStep(program, requests, isl, osl, drafts);
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
 * Fills the power gaps of the phase asked last, at a batch, length and cached prefix. Output: 0 energy (W·ms),
 * 1 latency with measured power, 2 latency in all (ms).
 */
export function filledPower(
  program: Program,
  phase: i32,
  batch: f64,
  length: f64,
  prefix: f64,
  steps: f64,
): void {
  askPlainly();
  fillPower(program, phase, batch, length, prefix, steps);
  give(0, filledEnergy, measuredMs, 0);
  setF64(output, 2, totalMs);
}

/** One of the sixteen outputs; for callers without a view. */
export function outputAt(index: i32): f64 {
  return f64At(output, index);
}
