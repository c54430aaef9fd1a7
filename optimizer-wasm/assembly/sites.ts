/** A sites block of the pack, opened: scattered GEMM sites (n, k), each with a curve over m (`aic-engine.md` §3.4). */

import { allocate, f64At, i32At, padded, setI32 } from "./arrays";
import { placeOn, Ruler, sharedRulerOf } from "./ruler";
import { answer, BEYOND_TABLES, mark, NOT_MEASURED, OK } from "./status";
import { gemmSol } from "./sol";
import { lerp } from "./arrays";
import { Op } from "./op";
import { median3 } from "./median";

@unmanaged
export class Sites {
  siteCount: i32;
  axisCount: i32;
  leafCount: i32;
  axisStart: usize;
  axisKeys: usize;
  /** A ruler (u32) for each axis. */
  rulers: usize;
  n: usize;
  k: usize;
  axisOf: usize;
  leafStart: usize;
  latency: usize;
  power: usize;
  primary: usize;
}

export function openSites(block: usize): Sites {
  const sites = changetype<Sites>(allocate(offsetof<Sites>()));
  sites.siteCount = load<i32>(block);
  const axisCount = load<i32>(block, 4);
  sites.axisCount = axisCount;
  sites.leafCount = load<i32>(block, 8);
  const flags = load<i32>(block, 12);
  let at = block + 16;
  sites.axisStart = at;
  at += padded((<usize> (axisCount + 1)) << 2);
  sites.axisKeys = at;
  at += (<usize> i32At(sites.axisStart, axisCount)) << 3;
  sites.n = at;
  at += (<usize> sites.siteCount) << 3;
  sites.k = at;
  at += (<usize> sites.siteCount) << 3;
  sites.axisOf = at;
  at += padded((<usize> sites.siteCount) << 2);
  sites.leafStart = at;
  at += padded((<usize> (sites.siteCount + 1)) << 2);
  sites.latency = at;
  at += (<usize> sites.leafCount) << 3;
  if ((flags & 1) != 0) {
    sites.power = at;
    at += (<usize> sites.leafCount) << 3;
  }
  if ((flags & 2) == 0) sites.primary = at;
  sites.rulers = allocate((<usize> axisCount) << 2);
  for (let axis = 0; axis < axisCount; axis++) {
    const begin = i32At(sites.axisStart, axis);
    const ruler = sharedRulerOf(
      sites.axisKeys + ((<usize> begin) << 3),
      i32At(sites.axisStart, axis + 1) - begin,
    );
    setI32(sites.rulers, axis, <i32> changetype<usize>(ruler));
  }
  return sites;
}

/** The axis of a site's curve. */
export function siteRuler(sites: Sites, site: i32): Ruler {
  return rulerAt(sites, i32At(sites.axisOf, site));
}

export function rulerAt(sites: Sites, axis: i32): Ruler {
  return changetype<Ruler>(<usize> <u32> i32At(sites.rulers, axis));
}

export function siteAxis(sites: Sites, site: i32): usize {
  return siteRuler(sites, site).keys;
}

export function siteCountOf(sites: Sites, site: i32): i32 {
  return i32At(sites.leafStart, site + 1) - i32At(sites.leafStart, site);
}

/** Whether the curve of a site spans m. */
export function covers(sites: Sites, site: i32, m: f64): bool {
  const axis = siteAxis(sites, site);
  return f64At(axis, 0) <= m && m <= f64At(axis, siteCountOf(sites, site) - 1);
}

/**
 * The curve of one site at m: an exact row, a straight line between two rows, or beyond the sweep the median
 * utilisation of the nearest three rows under the speed of light of the site's own (n, k).
 */
export function siteCurve(op: Op, site: i32, m: f64): i32 {
  const sites = op.sites;
  const ruler = siteRuler(sites, site);
  const count = ruler.count;
  const keys = ruler.keys;
  const first = i32At(sites.leafStart, site);
  const index = placeOn(ruler, m);
  const hasPower = sites.power != 0;
  if (index >= 0 && f64At(keys, index) == m) {
    const leaf = first + index;
    return answer(
      f64At(sites.latency, leaf),
      hasPower ? f64At(sites.power, leaf) : 0.0,
    );
  }
  if (index >= 0 && index < count - 1) {
    const leaf = first + index;
    const low = f64At(keys, index);
    const w = (m - low) / (f64At(keys, index + 1) - low);
    return answer(
      lerp(f64At(sites.latency, leaf), f64At(sites.latency, leaf + 1), w),
      hasPower
        ? lerp(f64At(sites.power, leaf), f64At(sites.power, leaf + 1), w)
        : 0.0,
    );
  }
  mark(BEYOND_TABLES);
  return tail(op, site, m, index < 0);
}

function tail(op: Op, site: i32, m: f64, below: bool): i32 {
  const sites = op.sites;
  const count = siteCountOf(sites, site);
  const keys = siteAxis(sites, site);
  const first = i32At(sites.leafStart, site);
  const take = min(3, count);
  const begin = below ? 0 : count - take;
  const n = f64At(sites.n, site);
  const k = f64At(sites.k, site);
  let valid = 0;
  let u0 = 0.0, u1 = 0.0, u2 = 0.0, p0 = 0.0, p1 = 0.0, p2 = 0.0;
  for (let i = begin; i < begin + take; i++) {
    const ms = f64At(sites.latency, first + i);
    const sol = gemmSol(f64At(keys, i), n, k, op.flops, op.elementBytes);
    if (!(ms > 0.0) || !(sol > 0.0)) continue;
    const watts = sites.power == 0 ? 0.0 : f64At(sites.power, first + i);
    if (valid == 0) {
      u0 = sol / ms;
      p0 = watts;
    } else if (valid == 1) {
      u1 = sol / ms;
      p1 = watts;
    } else {
      u2 = sol / ms;
      p2 = watts;
    }
    valid++;
  }
  if (valid == 0) return NOT_MEASURED;
  const utilisation = median3(u0, u1, u2, valid);
  answer(
    gemmSol(m, n, k, op.flops, op.elementBytes) / utilisation,
    median3(p0, p1, p2, valid),
  );
  return OK;
}
