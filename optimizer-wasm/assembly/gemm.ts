/** GEMM look-up: an exact site's curve, or the utilisation of up to four near sites (`aic-engine.md` §3.4). */

import { allocate, f64At, i32At, lerp, setF64, setI32 } from "./arrays";
import { bandwidth } from "./machine";
import { axisIndex, covers, siteCountOf, siteCurve, Sites } from "./sites";
import { gemmSol } from "./sol";
import {
  answer,
  BEYOND_TABLES,
  mark,
  NOT_MEASURED,
  OK,
  resultMs,
  resultWatts,
} from "./status";
import { Op } from "./op";

/** Joint log2 distance up to which a site is a neighbour. */
const GATE: f64 = 2.0;
const NEIGHBOURS: i32 = 4;

/** Finds the exact site, or ranks all sites by distance (stable in site order); done once, when compiled. */
export function bindSites(op: Op, sites: Sites): void {
  op.sites = sites;
  op.site = -1;
  const count = sites.siteCount;
  for (let i = 0; i < count; i++) {
    if (f64At(sites.n, i) == op.n && f64At(sites.k, i) == op.k) {
      op.site = i;
      return;
    }
  }
  const order = allocate((<usize> count) << 2);
  const distance = allocate((<usize> count) << 3);
  const logN = Math.log2(op.n);
  const logK = Math.log2(op.k);
  for (let i = 0; i < count; i++) {
    const dn = Math.log2(f64At(sites.n, i)) - logN;
    const dk = Math.log2(f64At(sites.k, i)) - logK;
    const d = Math.sqrt(dn * dn + dk * dk);
    let at = i;
    while (at > 0 && f64At(distance, at - 1) > d) {
      setF64(distance, at, f64At(distance, at - 1));
      setI32(order, at, i32At(order, at - 1));
      at--;
    }
    setF64(distance, at, d);
    setI32(order, at, i);
  }
  op.nearSites = order;
  op.nearDistance = distance;
  if (sites.axisCount == 1) foldNeighbours(op);
}

/** A neighbour: address of its first latency, weight, math per row, memory per row and at rest (all ms). */
const NEIGHBOUR: usize = 40;

/** With one axis for all sites the candidates do not depend on m inside it: the neighbours are folded in. */
function foldNeighbours(op: Op): void {
  const sites = op.sites;
  let count = 0;
  op.neighbours = allocate(NEIGHBOUR * NEIGHBOURS);
  for (let rank = 0; rank < sites.siteCount && count < NEIGHBOURS; rank++) {
    const distance = f64At(op.nearDistance, rank);
    if (distance > GATE) break;
    const site = i32At(op.nearSites, rank);
    const n = f64At(sites.n, site);
    const k = f64At(sites.k, site);
    const at = op.neighbours + (<usize> count) * NEIGHBOUR;
    store<u32>(at, <u32> i32At(sites.leafStart, site));
    store<f64>(at, 1.0 / (distance * distance + 1e-12), 8);
    store<f64>(at, 2.0 * n * k / op.flops * 1000.0, 16);
    store<f64>(at, op.elementBytes * (n + k) / bandwidth * 1000.0, 24);
    store<f64>(at, op.elementBytes * n * k / bandwidth * 1000.0, 32);
    count++;
  }
  op.neighbourCount = count;
}

/** The folded neighbours at a row between two measured ones, or on one. */
function foldedNeighbours(op: Op, m: f64, index: i32, w: f64): i32 {
  const sites = op.sites;
  let utilisation = 0.0, watts = 0.0, weights = 0.0;
  let at = op.neighbours;
  const end = at + (<usize> op.neighbourCount) * NEIGHBOUR;
  for (; at < end; at += NEIGHBOUR) {
    const leaf = <i32> load<u32>(at) + index;
    let ms = f64At(sites.latency, leaf);
    if (w > 0.0) ms = lerp(ms, f64At(sites.latency, leaf + 1), w);
    const sol = max(
      load<f64>(at, 16) * m,
      load<f64>(at, 24) * m + load<f64>(at, 32),
    );
    if (!(ms > 0.0) || !(sol > 0.0)) continue;
    const weight = load<f64>(at, 8);
    utilisation += weight * sol / ms;
    weights += weight;
    if (sites.power != 0) {
      const power = f64At(sites.power, leaf);
      watts += weight *
        (w > 0.0 ? lerp(power, f64At(sites.power, leaf + 1), w) : power);
    }
  }
  if (weights == 0.0) return NOT_MEASURED;
  return answer(
    gemmSol(m, op.n, op.k, op.flops, op.elementBytes) * weights / utilisation,
    watts / weights,
  );
}

/** Table answer of a GEMM at m rows. */
export function gemmTable(op: Op, m: f64): i32 {
  if (op.site >= 0) return siteCurve(op, op.site, m);
  if (op.neighbourCount > 0) {
    const sites = op.sites;
    const keys = sites.axisKeys;
    const last = siteCountOf(sites, 0) - 1;
    const index = axisIndex(keys, last + 1, m);
    if (index >= 0 && index <= last) {
      const low = f64At(keys, index);
      if (low == m) return foldedNeighbours(op, m, index, 0.0);
      if (index < last) {
        const w = (m - low) / (f64At(keys, index + 1) - low);
        return foldedNeighbours(op, m, index, w);
      }
    }
  }
  return scattered(op, m);
}

let utilisationSum: f64 = 0.0;
let powerSum: f64 = 0.0;
let weightSum: f64 = 0.0;

function addNeighbour(op: Op, rank: i32, m: f64): void {
  const site = i32At(op.nearSites, rank);
  const distance = f64At(op.nearDistance, rank);
  if (siteCurve(op, site, m) != OK) return;
  const ms = resultMs;
  const watts = resultWatts;
  const sol = gemmSol(
    m,
    f64At(op.sites.n, site),
    f64At(op.sites.k, site),
    op.flops,
    op.elementBytes,
  );
  if (!(ms > 0.0) || !(sol > 0.0)) return;
  const weight = 1.0 / (distance * distance + 1e-12);
  utilisationSum += weight * sol / ms;
  powerSum += weight * watts;
  weightSum += weight;
}

function scattered(op: Op, m: f64): i32 {
  const sites = op.sites;
  const count = sites.siteCount;
  utilisationSum = 0.0;
  powerSum = 0.0;
  weightSum = 0.0;
  let taken = 0;
  // Nearest first, so the walk ends at the gate; a site that does not span m is no candidate as long as one does.
  for (let rank = 0; rank < count && taken < NEIGHBOURS; rank++) {
    if (f64At(op.nearDistance, rank) > GATE) break;
    if (!covers(sites, i32At(op.nearSites, rank), m)) continue;
    addNeighbour(op, rank, m);
    taken++;
  }
  if (taken == 0) taken = beyondTheGate(op, m);
  if (taken < 0 || weightSum == 0.0) return NOT_MEASURED;
  return answer(
    gemmSol(m, op.n, op.k, op.flops, op.elementBytes) /
      (utilisationSum / weightSum),
    powerSum / weightSum,
  );
}

/** No near site spans m: all sites when none at all spans it, then the frontier waiver. Returns -1 for a miss. */
function beyondTheGate(op: Op, m: f64): i32 {
  const sites = op.sites;
  const count = sites.siteCount;
  let anyCovers = false;
  for (let i = 0; i < count && !anyCovers; i++) anyCovers = covers(sites, i, m);
  let taken = 0;
  if (!anyCovers) {
    for (let rank = 0; rank < count && taken < NEIGHBOURS; rank++) {
      if (f64At(op.nearDistance, rank) > GATE) break;
      addNeighbour(op, rank, m);
      taken++;
    }
    if (taken > 0) return taken;
  }
  mark(BEYOND_TABLES);
  let minN = Infinity, maxN = 0.0, minK = Infinity, maxK = 0.0;
  for (let i = 0; i < count; i++) {
    if (anyCovers && !covers(sites, i, m)) continue;
    minN = min(minN, f64At(sites.n, i));
    maxN = max(maxN, f64At(sites.n, i));
    minK = min(minK, f64At(sites.k, i));
    maxK = max(maxK, f64At(sites.k, i));
  }
  if (op.n < minN || op.k < minK) return -1;
  const aboveN = op.n > maxN;
  const aboveK = op.k > maxK;
  if (aboveN == aboveK) return -1;
  for (let rank = 0; rank < count && taken < NEIGHBOURS; rank++) {
    const site = i32At(op.nearSites, rank);
    if (anyCovers && !covers(sites, site, m)) continue;
    const other = aboveN
      ? Math.log2(f64At(sites.k, site)) - Math.log2(op.k)
      : Math.log2(f64At(sites.n, site)) - Math.log2(op.n);
    if (Math.abs(other) > GATE) continue;
    addNeighbour(op, rank, m);
    taken++;
  }
  return taken == 0 ? -1 : taken;
}
