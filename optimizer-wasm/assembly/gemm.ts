/** GEMM look-up: an exact site's curve, or the utilisation of up to four near sites (`aic-engine.md` §3.4). */

import { allocate, f64At, i32At, lerp, setF64, setI32 } from "./arrays";
import { bandwidth } from "./machine";
import { placeOn, shareAt } from "./ruler";
import { covers, rulerAt, siteCurve, Sites } from "./sites";
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

/**
 * The neighbours folded in: four numbers each of weight, math a row, memory a row and memory at rest (all ms), then for
 * each row of the axis the four latencies. Where there are fewer than four, a neighbour without weight takes the place.
 */
const LANES: usize = 32;
const WEIGHTS: usize = 0;
const MATH: usize = 32;
const TRAFFIC: usize = 64;
const AT_REST: usize = 96;
const ROWS: usize = 128;

/** With one axis for all sites the candidates do not depend on m inside it: the neighbours are folded in. */
function foldNeighbours(op: Op): void {
  const sites = op.sites;
  const ruler = rulerAt(sites, 0);
  const table = allocate(ROWS + <usize> ruler.count * LANES);
  let count = 0;
  let weight = 0.0;
  for (let rank = 0; rank < sites.siteCount && count < NEIGHBOURS; rank++) {
    const distance = f64At(op.nearDistance, rank);
    if (distance > GATE) break;
    const site = i32At(op.nearSites, rank);
    const n = f64At(sites.n, site);
    const k = f64At(sites.k, site);
    const at = table + ((<usize> count) << 3);
    store<f64>(at, 1.0 / (distance * distance + 1e-12), WEIGHTS);
    store<f64>(at, 2.0 * n * k / op.flops * 1000.0, MATH);
    store<f64>(at, op.elementBytes * (n + k) / bandwidth * 1000.0, TRAFFIC);
    store<f64>(at, op.elementBytes * n * k / bandwidth * 1000.0, AT_REST);
    const first = i32At(sites.leafStart, site);
    for (let i = 0; i < ruler.count; i++) {
      const ms = f64At(sites.latency, first + i);
      // A row that says nothing makes the choice depend on m after all.
      if (!(ms > 0.0)) return;
      store<f64>(at + <usize> i * LANES, ms, ROWS);
    }
    weight += load<f64>(at, WEIGHTS);
    count++;
  }
  if (count == 0) return;
  for (let lane = count; lane < NEIGHBOURS; lane++) {
    const at = table + ((<usize> lane) << 3) + ROWS;
    for (let i = 0; i < ruler.count; i++) {
      store<f64>(at + <usize> i * LANES, 1.0);
    }
  }
  op.neighbours = table;
  op.neighbourWeight = weight;
}

/**
 * The folded neighbours' time at m rows, a share `w` of the way from row `index` of the axis to the next; ms. Two
 * neighbours at a time; their sum is taken in the order of their distance.
 */
export function neighboursMs(op: Op, m: f64, index: i32, w: f64): f64 {
  const table = op.neighbours;
  const row = table + ROWS + <usize> index * LANES;
  // The row itself once more where there is none behind it.
  const next = w > 0.0 ? row + LANES : row;
  const ms = f64x2.splat(m);
  const ws = f64x2.splat(w);
  const one = shareOf(table, row, next, ms, ws);
  const two = shareOf(table + 16, row + 16, next + 16, ms, ws);
  const utilisation = f64x2.extract_lane(one, 0) + f64x2.extract_lane(one, 1) +
    f64x2.extract_lane(two, 0) + f64x2.extract_lane(two, 1);
  const sol = max(
    2.0 * m * op.n * op.k / op.flops * 1000.0,
    op.elementBytes * (m * op.n + m * op.k + op.n * op.k) / bandwidth * 1000.0,
  );
  return sol * op.neighbourWeight / utilisation;
}

/** Weighted utilisations of two neighbours. */
function shareOf(table: usize, row: usize, next: usize, m: v128, w: v128): v128 {
  const low = v128.load(row);
  const ms = f64x2.add(low, f64x2.mul(f64x2.sub(v128.load(next), low), w));
  const sol = f64x2.max(
    f64x2.mul(v128.load(table, MATH), m),
    f64x2.add(
      f64x2.mul(v128.load(table, TRAFFIC), m),
      v128.load(table, AT_REST),
    ),
  );
  return f64x2.div(f64x2.mul(v128.load(table, WEIGHTS), sol), ms);
}

/** Watts of the neighbours by their weights, at the same place. */
function neighboursWatts(op: Op, index: i32, w: f64): f64 {
  const sites = op.sites;
  let watts = 0.0;
  for (let rank = 0; rank < NEIGHBOURS; rank++) {
    const weight = load<f64>(op.neighbours + ((<usize> rank) << 3), WEIGHTS);
    if (weight == 0.0) break;
    const leaf = i32At(sites.leafStart, i32At(op.nearSites, rank)) + index;
    const power = f64At(sites.power, leaf);
    watts += weight *
      (w > 0.0 ? lerp(power, f64At(sites.power, leaf + 1), w) : power);
  }
  return watts / op.neighbourWeight;
}

/** Table answer of a GEMM at m rows. */
export function gemmTable(op: Op, m: f64): i32 {
  if (op.site >= 0) return siteCurve(op, op.site, m);
  if (op.neighbours != 0) {
    const sites = op.sites;
    const ruler = rulerAt(sites, 0);
    const index = placeOn(ruler, m);
    if (index >= 0) {
      const w = shareAt(ruler, index, m);
      if (w >= 0.0) {
        return answer(
          neighboursMs(op, m, index, w),
          sites.power == 0 ? 0.0 : neighboursWatts(op, index, w),
        );
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
