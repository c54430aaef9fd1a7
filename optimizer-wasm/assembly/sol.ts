/**
 * Speed-of-light times (`aic-engine.md` §4). Every function leaves the compute and the memory time of the query in
 * `mathMs` and `memoryMs` and returns the larger one, milliseconds.
 */

import { bandwidth } from "./machine";
import { Op } from "./op";

export let mathMs: f64 = 0.0;
export let memoryMs: f64 = 0.0;

function bound(math: f64, memory: f64): f64 {
  mathMs = math;
  memoryMs = memory;
  return max(math, memory);
}

/** GEMM of m × k by k × n. */
export function gemmSol(
  m: f64,
  n: f64,
  k: f64,
  flops: f64,
  elementBytes: f64,
): f64 {
  return bound(
    2.0 * m * n * k / flops * 1000.0,
    elementBytes * (m * n + m * k + n * k) / bandwidth * 1000.0,
  );
}

/** An operator that only moves memory, at its own time. */
export function memorySol(ms: f64): f64 {
  return bound(0.0, ms);
}

/** compute_scale reads and writes one byte an element, scale_matrix one more. */
export function quantizeSol(bytes: f64, m: f64, k: f64): f64 {
  return bound(0.0, bytes * m * k / bandwidth * 1000.0);
}

function kvHeadsOf(op: Op, heads: f64): f64 {
  return op.kvHeads == 0.0 ? heads : op.kvHeads;
}

/**
 * Context attention of `batch` requests with `fresh` new tokens behind `prefix` cached ones. Inside a table look-up
 * prefix is 0 and `fresh` the full length.
 */
export function contextSol(
  op: Op,
  heads: f64,
  fresh: f64,
  prefix: f64,
  batch: f64,
): f64 {
  const full = fresh + prefix;
  const d = op.headSize;
  const w = op.window;
  const work = w > 0.0 && full > w
    ? 4.0 * batch * (full - prefix) * w * heads * d
    : 2.0 * batch * (full * full - prefix * prefix) * heads * d;
  const bytes = 4.0 * batch * heads * (full - prefix) * d +
    op.kvBytes * batch * 2.0 * kvHeadsOf(op, heads) * full * d;
  return bound(work / op.flops * 1000.0, bytes / bandwidth * 1000.0);
}

/** Generation attention: one new token a request over a KV cache of `length` tokens, the new one included. */
export function generationSol(
  op: Op,
  heads: f64,
  batch: f64,
  length: f64,
): f64 {
  const d = op.headSize;
  const past = op.window > 0.0 ? min(length - 1.0, op.window) : length - 1.0;
  const work = 4.0 * batch * heads * d * past;
  const bytes = batch *
    (2.0 * heads * d + 2.0 * kvHeadsOf(op, heads) * past * d * op.kvBytes +
      2.0 * heads * d);
  return bound(work / op.flops * 1000.0, bytes / bandwidth * 1000.0);
}

function floorDivide(a: i64, b: i64): i64 {
  return a / b;
}

/** MoE over `tokens` tokens; floor divisions of exact integers, left to right. */
export function moeSol(op: Op, tokens: f64): f64 {
  const routed = <i64> tokens * op.topk;
  const flops = floorDivide(
    floorDivide(routed * op.hidden * op.inter * op.gemms * 2, op.moeEp),
    op.moeTp,
  );
  const local = floorDivide(routed, op.moeEp);
  const elements = local * op.hidden * 2 +
    floorDivide(local * op.inter * op.gemms, op.moeTp) +
    floorDivide(op.hidden * op.inter * op.gemms, op.moeTp) *
      min(floorDivide(op.experts, op.moeEp), local);
  return bound(
    <f64> flops / op.flops * 1000.0,
    <f64> elements * op.elementBytes / bandwidth * 1000.0,
  );
}

/** Latent attention over a prompt: 320 is the rope and the nope head, twice counted (§4). */
export function contextMlaSol(
  op: Op,
  heads: f64,
  fresh: f64,
  prefix: f64,
  batch: f64,
): f64 {
  const full = fresh + prefix;
  return bound(
    320.0 * batch * heads * (full * full - prefix * prefix) / op.flops * 1000.0,
    batch * heads * (op.kvBytes * full * 320.0 + 2.0 * fresh * 320.0) /
      bandwidth * 1000.0,
  );
}

function latentBytes(op: Op, heads: f64, batch: f64, length: f64): f64 {
  return batch *
    (2.0 * heads * 1088.0 + (length - 1.0) * 576.0 * op.kvBytes);
}

/** Latent attention of one decode step. */
export function generationMlaSol(
  op: Op,
  heads: f64,
  batch: f64,
  length: f64,
): f64 {
  return bound(
    2.0 * batch * heads * 1088.0 * length / op.flops * 1000.0,
    latentBytes(op, heads, batch, length) / bandwidth * 1000.0,
  );
}

/** Batched GEMM of 128 × 512 a head before or after latent attention. */
export function mlaBmmSol(op: Op, heads: f64, tokens: f64): f64 {
  return bound(
    2.0 * tokens * heads * 128.0 * 512.0 / op.flops * 1000.0,
    heads * (640.0 * tokens + 65536.0) * op.elementBytes / bandwidth * 1000.0,
  );
}

/** A decode step's latent attention with both batched GEMMs. */
export function generationMlaModuleSol(
  op: Op,
  heads: f64,
  batch: f64,
  length: f64,
): f64 {
  return bound(
    (2.0 * batch * heads * 1088.0 * length / op.flops +
      4.0 * batch * heads * 128.0 * 512.0 / op.projectionFlops) * 1000.0,
    (latentBytes(op, heads, batch, length) +
      2.0 * heads * (640.0 * batch + 65536.0) * op.elementBytes) /
      bandwidth * 1000.0,
  );
}
