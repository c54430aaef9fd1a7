/**
 * A phase folded: operators whose time is linear in tokens become one line, GEMMs of measured sites on one axis become
 * one curve in m, GEMMs between such sites share their place on it, equal collectives become one with the sum of their
 * multiplicities, the groups of an overlap are folded likewise. What is left is asked one by one. The sums are those of the plain pass (`program.ts`) but for the order of additions; the figures of single operators
 * are not made here.
 */

import { allocate, f64At, i32At, lerp, setF64, setI32 } from "./arrays";
import { neighboursMs } from "./gemm";
import { evaluate, valueEnergy, valueMs } from "./operators";
import { Kind, Mode, Op, Role } from "./op";
import {
  addOp,
  opAt,
  setPass,
  startPass,
} from "./program";
import { placeOn, Ruler, shareAt } from "./ruler";
import { siteRuler } from "./sites";
import {
  clearFlags,
  flags,
  FROM_TABLE,
  mark,
  OK,
  OUT_OF_RANGE,
} from "./status";

@unmanaged
export class Fused {
  /** Milliseconds a token and at rest of all linear operators. */
  perToken: f64;
  atRest: f64;
  /** Axis of the GEMMs, null without, and the summed latencies of those with a curve of their own. */
  ruler: Ruler;
  curve: usize;
  /** GEMMs between sites of that axis (u32 each). */
  between: usize;
  betweenCount: i32;
  /** Collectives (u32 each) with the sums of their multiplicities (f64 each). */
  messages: usize;
  messageScales: usize;
  messageCount: i32;
  /** Overlaps of two groups (u32 each). */
  overlaps: usize;
  overlapCount: i32;
  /** Everything else (u32 each), with its place in the phase (i32 each). */
  rest: usize;
  restPlace: usize;
  restCount: i32;
}

/** @param list operators of the phase; @param logits whether logits see the same tokens as the others */
export function fuse(list: usize, count: i32, logits: bool): Fused {
  const fused = changetype<Fused>(allocate(offsetof<Fused>()));
  const room = <usize> max(count, 1);
  fused.between = allocate(room << 2);
  fused.messages = allocate(room << 2);
  fused.messageScales = allocate(room << 3);
  fused.overlaps = allocate(room << 2);
  fused.rest = allocate(room << 2);
  fused.restPlace = allocate(room << 2);
  for (let i = 0; i < count; i++) {
    const op = opAt(list, i);
    if (addLine(fused, op) || addCurve(fused, op, logits)) continue;
    if (addMessage(fused, op) || addOverlap(fused, op, logits)) continue;
    store<u32>(
      fused.rest + ((<usize> fused.restCount) << 2),
      <u32> changetype<usize>(op),
    );
    setI32(fused.restPlace, fused.restCount, i);
    fused.restCount++;
  }
  return fused;
}

function addLine(fused: Fused, op: Op): bool {
  if (op.kind != Kind.LINEAR || op.split != 1.0) return false;
  const sol = op.mode == Mode.SOL;
  fused.perToken += op.scale * op.multiple *
    (sol ? op.solMsPerToken : op.msPerToken);
  if (!sol) fused.atRest += op.scale * op.constantMs;
  return true;
}

function addCurve(fused: Fused, op: Op, logits: bool): bool {
  if (op.kind != Kind.GEMM || op.mode > Mode.HYBRID) return false;
  if (changetype<usize>(op.sites) == 0) return false;
  if (op.site < 0 && op.neighbours == 0) return false;
  if (changetype<usize>(op.computeScale) != 0 || !(op.flops > 0.0)) {
    return false;
  }
  const sites = op.sites;
  if (sites.power != 0 || op.split != 1.0 || op.multiple != 1.0) return false;
  if (op.role == Role.LOGITS && !logits) return false;
  // All sites of folded neighbours have one axis.
  const ruler = siteRuler(sites, max(op.site, 0));
  if (changetype<usize>(fused.ruler) == 0) {
    fused.ruler = ruler;
    fused.curve = allocate((<usize> ruler.count) << 3);
  } else if (changetype<usize>(fused.ruler) != changetype<usize>(ruler)) {
    return false;
  }
  if (op.site < 0) {
    store<u32>(
      fused.between + ((<usize> fused.betweenCount) << 2),
      <u32> changetype<usize>(op),
    );
    fused.betweenCount++;
    return true;
  }
  const first = i32At(sites.leafStart, op.site);
  for (let i = 0; i < ruler.count; i++) {
    const sum = f64At(fused.curve, i) +
      op.scale * f64At(sites.latency, first + i);
    setF64(fused.curve, i, sum);
  }
  return true;
}

function addMessage(fused: Fused, op: Op): bool {
  if (op.kind != Kind.MESSAGE) return false;
  for (let i = 0; i < fused.messageCount; i++) {
    const other = opAt(fused.messages, i);
    if (
      changetype<usize>(other.grid) != changetype<usize>(op.grid) ||
      other.elements != op.elements || other.beyond != op.beyond ||
      other.split != op.split || other.multiple != op.multiple ||
      other.solMsPerElement != op.solMsPerElement ||
      other.roofMs != op.roofMs || other.mode != op.mode ||
      changetype<usize>(op.grid) == 0 && op.mode <= Mode.EMPIRICAL
    ) continue;
    setF64(fused.messageScales, i, f64At(fused.messageScales, i) + op.scale);
    return true;
  }
  // Only collectives that cannot be refused: a refusal has to name its operator in list order.
  if (op.mode == Mode.EMPIRICAL || op.mode == Mode.HYBRID) return false;
  if (op.mode == Mode.SILICON && changetype<usize>(op.grid) == 0) return false;
  if (changetype<usize>(op.grid) != 0 && op.grid.power != 0) return false;
  store<u32>(
    fused.messages + ((<usize> fused.messageCount) << 2),
    <u32> changetype<usize>(op),
  );
  setF64(fused.messageScales, fused.messageCount, op.scale);
  fused.messageCount++;
  return true;
}

/** An overlap is folded when both of its groups are: the groups, and how often it runs. */
@unmanaged
class FusedOverlap {
  first: Fused;
  second: Fused;
  scale: f64;
}

function addOverlap(fused: Fused, op: Op, logits: bool): bool {
  if (op.kind != Kind.OVERLAP) return false;
  const overlap = changetype<FusedOverlap>(allocate(offsetof<FusedOverlap>()));
  overlap.first = fuse(op.children, op.secondGroup, logits);
  overlap.second = fuse(
    op.children + ((<usize> op.secondGroup) << 2),
    op.childCount - op.secondGroup,
    logits,
  );
  overlap.scale = op.scale;
  store<u32>(
    fused.overlaps + ((<usize> fused.overlapCount) << 2),
    <u32> changetype<usize>(overlap),
  );
  fused.overlapCount++;
  return true;
}

function overlapAt(fused: Fused, i: i32): FusedOverlap {
  return changetype<FusedOverlap>(
    <usize> load<u32>(fused.overlaps + ((<usize> i) << 2)),
  );
}

/** Sums of what was folded last. */
let foldedMs: f64 = 0.0;
let foldedEnergy: f64 = 0.0;

/**
 * Sums of the folded part. OUT_OF_RANGE when m lies outside the GEMM axis, or something refuses: then every operator
 * has to be asked by itself.
 */
function foldedPart(fused: Fused, b: f64, s: f64, prefix: f64, x: f64): i32 {
  let ms = fused.perToken * x + fused.atRest;
  let energy = 0.0;
  const ruler = fused.ruler;
  if (changetype<usize>(ruler) != 0) {
    const index = placeOn(ruler, x);
    if (index < 0) return OUT_OF_RANGE;
    const w = shareAt(ruler, index, x);
    if (w < 0.0) return OUT_OF_RANGE;
    const low = f64At(fused.curve, index);
    ms += w > 0.0 ? lerp(low, f64At(fused.curve, index + 1), w) : low;
    for (let i = 0; i < fused.betweenCount; i++) {
      const op = opAt(fused.between, i);
      ms += op.scale * neighboursMs(op, x, index, w);
    }
    mark(FROM_TABLE);
  }
  for (let i = 0; i < fused.messageCount; i++) {
    const status = evaluate(opAt(fused.messages, i), b, s, prefix, x);
    if (status != OK) return OUT_OF_RANGE;
    ms += valueMs * f64At(fused.messageScales, i);
  }
  for (let i = 0; i < fused.overlapCount; i++) {
    const overlap = overlapAt(fused, i);
    if (wholeGroup(overlap.first, b, s, prefix, x) != OK) return OUT_OF_RANGE;
    const firstMs = foldedMs;
    const firstEnergy = foldedEnergy;
    if (wholeGroup(overlap.second, b, s, prefix, x) != OK) return OUT_OF_RANGE;
    ms += overlap.scale * max(firstMs, foldedMs);
    energy += overlap.scale * (firstEnergy + foldedEnergy);
  }
  foldedMs = ms;
  foldedEnergy = energy;
  return OK;
}

/** Sums of a group: its folded part and the rest. */
function wholeGroup(fused: Fused, b: f64, s: f64, prefix: f64, x: f64): i32 {
  if (foldedPart(fused, b, s, prefix, x) != OK) return OUT_OF_RANGE;
  for (let i = 0; i < fused.restCount; i++) {
    const op = opAt(fused.rest, i);
    if (evaluate(op, b, s, prefix, x) != OK) return OUT_OF_RANGE;
    foldedMs += op.scale * valueMs;
    foldedEnergy += op.scale * valueEnergy;
  }
  return OK;
}

/** The whole phase at one point. OUT_OF_RANGE: ask the plain pass instead. */
export function fusedPass(
  fused: Fused,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): i32 {
  if (startFused(fused, b, s, prefix, x) != OK) return OUT_OF_RANGE;
  for (let i = 0; i < fused.restCount; i++) {
    const status = addOp(
      opAt(fused.rest, i),
      i32At(fused.restPlace, i),
      b,
      s,
      prefix,
      x,
    );
    if (status != OK) return status;
  }
  return OK;
}

/** Folded part only, for a decode phase that walks the rest itself. */
export function startFused(
  fused: Fused,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): i32 {
  startPass();
  clearFlags();
  if (foldedPart(fused, b, s, prefix, x) != OK) return OUT_OF_RANGE;
  setPass(foldedMs, foldedEnergy, flags);
  return OK;
}
