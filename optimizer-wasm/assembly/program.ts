/** A compiled model: the operators of its two phases in list order, and one pass over them (`aic-engine.md` §7.1). */

import { allocate } from "./arrays";
import { evaluate, valueEnergy, valueMs } from "./operators";
import { Op, Role } from "./op";
import { clearFlags, flags, NO_TOKENS, OK } from "./status";

/** Operators a phase may have; the longest graph has fewer than thirty. */
const CAPACITY: i32 = 64;

/** The phases of a program. */
export namespace Phase {
  export const CONTEXT: i32 = 0;
  export const GENERATION: i32 = 1;
}

@unmanaged
export class Program {
  contextCount: i32;
  generationCount: i32;
  contextOps: usize;
  generationOps: usize;
  /** The phases folded (`fused.ts`), made when the program is sealed: addresses, 0 before. */
  contextFused: usize;
  generationFused: usize;
}

export function newProgram(): Program {
  const program = changetype<Program>(allocate(offsetof<Program>()));
  program.contextOps = allocate(CAPACITY * 4);
  program.generationOps = allocate(CAPACITY * 4);
  return program;
}

/** Adds an operator to the end of a phase; false when the phase is full. */
export function append(program: Program, phase: i32, op: Op): bool {
  const generation = phase == Phase.GENERATION;
  const count = generation ? program.generationCount : program.contextCount;
  if (count >= CAPACITY) return false;
  const list = generation ? program.generationOps : program.contextOps;
  store<u32>(list + ((<usize> count) << 2), <u32> changetype<usize>(op));
  if (generation) program.generationCount++;
  else program.contextCount++;
  return true;
}

export function opAt(list: usize, index: i32): Op {
  return changetype<Op>(<usize> load<u32>(list + ((<usize> index) << 2)));
}

/** Sums of the last pass, and the operator that failed in it (its index in the phase). */
export let passMs: f64 = 0.0;
export let passEnergy: f64 = 0.0;
export let passFlags: i32 = 0;
export let failedIndex: i32 = -1;

export function startPass(): void {
  passMs = 0.0;
  passEnergy = 0.0;
  passFlags = 0;
  failedIndex = -1;
}

/** Puts the sums back to where they were; for a phase that weighs its steps itself. */
export function setPass(ms: f64, energy: f64, bits: i32): void {
  passMs = ms;
  passEnergy = energy;
  passFlags = bits;
}

/** Evaluates one operator, adds it to the pass and leaves its own figures in it. */
export function addOp(
  op: Op,
  index: i32,
  b: f64,
  s: f64,
  prefix: f64,
  x: f64,
): i32 {
  clearFlags();
  const status = evaluate(op, b, s, prefix, op.role == Role.LOGITS ? b : x);
  if (status != OK) {
    failedIndex = index;
    return status;
  }
  op.lastMs = valueMs * op.scale;
  op.lastEnergy = valueEnergy * op.scale;
  op.lastFlags = flags;
  passMs += op.lastMs;
  passEnergy += op.lastEnergy;
  passFlags |= flags;
  return OK;
}

/** Takes the operators of `role` only, or, with `exclude`, all others. */
export function selected(op: Op, role: i32, exclude: bool): bool {
  return role < 0 || (op.role == role) != exclude;
}

/**
 * One prefill pass of `b` requests with `isl` tokens of which `prefix` are cached. `role` < 0 takes every operator.
 */
export function contextPass(
  program: Program,
  b: f64,
  isl: f64,
  prefix: f64,
  role: i32,
  exclude: bool,
): i32 {
  startPass();
  const s = isl - prefix;
  if (!(s > 0.0)) return NO_TOKENS;
  const x = b * s;
  for (let i = 0; i < program.contextCount; i++) {
    const op = opAt(program.contextOps, i);
    if (!selected(op, role, exclude)) continue;
    const status = addOp(op, i, b, s, prefix, x);
    if (status != OK) return status;
  }
  return OK;
}

/** One decode step of `b` requests whose KV caches hold `length` tokens each. */
export function generationPass(
  program: Program,
  b: f64,
  length: f64,
  role: i32,
  exclude: bool,
): i32 {
  startPass();
  for (let i = 0; i < program.generationCount; i++) {
    const op = opAt(program.generationOps, i);
    if (!selected(op, role, exclude)) continue;
    const status = addOp(op, i, b, length, 0.0, b);
    if (status != OK) return status;
  }
  return OK;
}
