/**
 * The utilisation grid: what share of the speed of light nearby measurements reached, carried over to a query that
 * the tables do not answer (`aic-engine.md` §5.12).
 */

import { allocate, f64At, i32At, setF64 } from "./arrays";
import { attentionSol } from "./attention_sol";
import { isPrimary, leafBegin, rowBegin } from "./grid";
import { siteAxis } from "./sites";
import { gemmSol, mlaBmmSol, moeSol } from "./sol";
import { Kind, Mode, Op } from "./op";
import { COMPUTE_SCALE_BYTES } from "./quantize";

/** Four numbers a sample: three normalised coordinates and the utilisation. */
const STRIDE: usize = 32;

let cursor: usize = 0;

/** Latency over speed of light instead of its inverse, rows of no latency included: what compute_scale is held by. */
let slowness: bool = false;

function push(c0: f64, c1: f64, c2: f64, sol: f64, ms: f64): void {
  if (!(sol > 0.0) || !(slowness ? ms >= 0.0 : ms > 0.0)) return;
  store<f64>(cursor, Math.log(max(c0, 1e-9)));
  store<f64>(cursor, Math.log(max(c1, 1e-9)), 8);
  store<f64>(cursor, Math.log(max(c2, 1e-9)), 16);
  store<f64>(cursor, slowness ? ms / sol : sol / ms, 24);
  cursor += STRIDE;
}

function collectSites(op: Op, primaryOnly: bool): void {
  const sites = op.sites;
  for (let site = 0; site < sites.siteCount; site++) {
    const n = f64At(sites.n, site);
    const k = f64At(sites.k, site);
    const keys = siteAxis(sites, site);
    const first = i32At(sites.leafStart, site);
    const end = i32At(sites.leafStart, site + 1);
    for (let leaf = first; leaf < end; leaf++) {
      if (
        primaryOnly && sites.primary != 0 &&
        load<u8>(sites.primary + leaf) == 0
      ) continue;
      const m = f64At(keys, leaf - first);
      push(
        m,
        n,
        k,
        gemmSol(m, n, k, op.flops, op.elementBytes),
        f64At(sites.latency, leaf),
      );
    }
  }
}

function collectGrid(op: Op, primaryOnly: bool): void {
  const grid = op.grid;
  for (let i = 0; i < grid.keys0Count; i++) {
    const c0 = f64At(grid.keys0, i);
    for (let row = rowBegin(grid, i); row < rowBegin(grid, i + 1); row++) {
      const c1 = f64At(grid.keys1, row);
      const end = leafBegin(grid, row + 1);
      for (let leaf = leafBegin(grid, row); leaf < end; leaf++) {
        if (primaryOnly && !isPrimary(grid, leaf)) continue;
        const c2 = f64At(grid.keys2, leaf);
        push(c0, c1, c2, pointSol(op, c0, c1, c2), f64At(grid.latency, leaf));
      }
    }
  }
}

/** Speed of light of a reference operator at one of its own rows. */
function pointSol(op: Op, c0: f64, c1: f64, c2: f64): f64 {
  if (op.kind == Kind.MOE) return moeSol(op, c2);
  if (op.kind == Kind.MLA_BMM) return mlaBmmSol(op, op.heads, c2);
  if (op.kind == Kind.MESSAGE) return c2 * op.solMsPerElement;
  return attentionSol(op, c0, c1, c2);
}

function normalise(op: Op, axis: usize): f64 {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < op.sampleCount; i++) {
    const at = op.samples + (<usize> i) * STRIDE + axis * 8;
    low = min(low, load<f64>(at));
    high = max(high, load<f64>(at));
  }
  const span = high > low ? high - low : 1.0;
  for (let i = 0; i < op.sampleCount; i++) {
    const at = op.samples + (<usize> i) * STRIDE + axis * 8;
    store<f64>(at, (load<f64>(at) - low) / span);
  }
  if (axis == 0) op.low0 = low;
  else if (axis == 1) op.low1 = low;
  else op.low2 = low;
  return span;
}

/** Collects and normalises the samples of a reference operator, once. */
function ensureSamples(op: Op): void {
  if (op.samples != 0) return;
  const capacity = op.kind == Kind.GEMM
    ? op.sites.leafCount
    : op.grid.leafCount;
  op.samples = allocate(max(<usize> capacity, 1) * STRIDE);
  cursor = op.samples;
  const primaryOnly = op.mode == Mode.EMPIRICAL;
  slowness = op.kind == Kind.QUANTIZE &&
    op.elementBytes == COMPUTE_SCALE_BYTES;
  if (op.kind == Kind.GEMM) collectSites(op, primaryOnly);
  else collectGrid(op, primaryOnly);
  op.sampleCount = <i32> ((cursor - op.samples) / STRIDE);
  op.span0 = normalise(op, 0);
  op.span1 = normalise(op, 1);
  op.span2 = normalise(op, 2);
}

function place(value: f64, low: f64, span: f64): f64 {
  return min(max((Math.log(max(value, 1e-9)) - low) / span, 0.0), 1.0);
}

/** Addresses and distances of the two samples nearest to the last query; 0 where there is none. */
let nearest: usize = 0;
let second: usize = 0;
let nearestDistance: f64 = Infinity;
let secondDistance: f64 = Infinity;

/**
 * Finds both; samples at the same distance rank by their coordinates, axis by axis. What is compared is the distance,
 * not its square: two squares that differ in their last bit may have one root, and then it is a tie.
 */
function findTwo(reference: Op, c0: f64, c1: f64, c2: f64): void {
  ensureSamples(reference);
  nearest = 0;
  second = 0;
  nearestDistance = Infinity;
  secondDistance = Infinity;
  const q0 = place(c0, reference.low0, reference.span0);
  const q1 = place(c1, reference.low1, reference.span1);
  const q2 = place(c2, reference.low2, reference.span2);
  let at = reference.samples;
  const end = at + (<usize> reference.sampleCount) * STRIDE;
  for (; at < end; at += STRIDE) {
    const d0 = load<f64>(at) - q0;
    const d1 = load<f64>(at, 8) - q1;
    const d2 = load<f64>(at, 16) - q2;
    const distance = Math.sqrt(d0 * d0 + d1 * d1 + d2 * d2);
    if (distance > secondDistance) continue;
    if (
      distance < nearestDistance ||
      (distance == nearestDistance && before(at, nearest))
    ) {
      second = nearest;
      secondDistance = nearestDistance;
      nearest = at;
      nearestDistance = distance;
    } else if (distance < secondDistance || before(at, second)) {
      second = at;
      secondDistance = distance;
    }
  }
}

/** Utilisation at (c0, c1, c2): the inverse-distance mean of the two nearest samples; 0 when there are none. */
export function utilisationAt(
  reference: Op,
  c0: f64,
  c1: f64,
  c2: f64,
): f64 {
  findTwo(reference, c0, c1, c2);
  if (nearest == 0) return 0.0;
  const u = load<f64>(nearest, 24);
  if (nearestDistance == 0.0 || second == 0) return u;
  const w0 = 1.0 / nearestDistance;
  const w1 = 1.0 / secondDistance;
  return (w0 * u + w1 * load<f64>(second, 24)) / (w0 + w1);
}

/** Latency over speed of light of the one nearest sample of compute_scale; -1 when there is none. */
export function slownessAt(reference: Op, m: f64, k: f64): f64 {
  findTwo(reference, 0.0, m, k);
  return nearest == 0 ? -1.0 : load<f64>(nearest, 24);
}

/** Ascending key order of two samples. */
function before(a: usize, b: usize): bool {
  for (let axis: usize = 0; axis < 24; axis += 8) {
    const left = load<f64>(a + axis);
    const right = load<f64>(b + axis);
    if (left != right) return left < right;
  }
  return false;
}
