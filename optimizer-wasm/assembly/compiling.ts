/** Compiling: the host makes an operator, sets it up, appends it to a phase, and seals the program. */

import { allocate } from "./arrays";
import { fuse } from "./fused";
import { bindSites } from "./gemm";
import { bindHold } from "./hold";
import { Grid } from "./grid";
import { Kind, Op } from "./op";
import { append, Program } from "./program";
import { bindQuantize } from "./quantize";
import { Sites } from "./sites";

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

export function setDispatch(op: Op): void {
  op.isDispatch = true;
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

/** Like `setGrid`, for watts alone: no index of neighbours beyond the grid is made. */
export function setPowerGrid(op: Op, grid: Grid): void {
  op.grid = grid;
}

/** @param family what the operator's family shares (`power.ts`); @param clockLeast least clock-bound share */
export function setPower(
  op: Op,
  family: usize,
  wholePower: bool,
  clockLeast: f64,
): void {
  op.powerFamily = family;
  op.wholePower = wholePower;
  op.clockLeast = clockLeast;
}

export function setPoweredRows(op: Op, rows: Op): void {
  op.poweredRows = rows;
}

export function setBorrowed(op: Op, rows: Op, low: f64, high: f64): void {
  op.borrowed = rows;
  op.borrowedLow = low;
  op.borrowedHigh = high;
}

/** Whether an operator has rows to look up. */
export function hasRows(op: Op): bool {
  return changetype<usize>(op.grid) != 0 ||
    changetype<usize>(op.sites) != 0 ||
    changetype<usize>(op.lowLatency) != 0;
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
