/** GEMM: scattered (n, k) sites with curves over m (`aic-engine.md` §3.4). @module */

import { lerp, type Value } from "./interpolate.ts";
import { dataMiss } from "./refusal.ts";
import type { Site } from "./tables.ts";

/** Speed of light of a shape. */
export type GemmSol = (shape: { m: number; n: number; k: number }) => number;

interface Query {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}
interface Point {
  readonly ms: number;
  readonly watts: number;
}

const GATE = 2;

/** The table's answer for a shape, or a data miss. */
export function lookUpGemm(
  sites: readonly Site[],
  query: Query,
  sol: GemmSol,
): Value {
  const { m, n, k } = query;
  const known = sites.find((site) => site.n === n && site.k === k);
  if (known !== undefined) {
    const point = curve(known, m, sol);
    if (point === undefined) throw dataMiss(`GEMM ${m}×${n}×${k}`);
    return { ms: point.ms, wms: point.watts * point.ms };
  }
  let [W, U, P] = [0, 0, 0];
  for (const { site, distance } of neighbours(sites, query)) {
    const point = curve(site, m, sol);
    const best = sol({ m, n: site.n, k: site.k });
    if (point === undefined || point.ms <= 0 || best <= 0) continue;
    const w = 1 / (distance * distance + 1e-12);
    W += w;
    U += w * best / point.ms;
    P += w * point.watts;
  }
  if (W === 0) throw dataMiss(`GEMM ${m}×${n}×${k}`);
  const ms = sol(query) / (U / W);
  return { ms, wms: P / W * ms };
}

function neighbours(sites: readonly Site[], query: Query) {
  const { m, n, k } = query;
  const covering = sites.filter((site) =>
    (site.m[0] ?? Infinity) <= m && m <= (site.m.at(-1) ?? -Infinity)
  );
  const candidates = (covering.length > 0 ? covering : sites).map((site) => {
    const dn = Math.abs(Math.log2(site.n) - Math.log2(n));
    const dk = Math.abs(Math.log2(site.k) - Math.log2(k));
    return { site, dn, dk, distance: Math.sqrt(dn * dn + dk * dk) };
  });
  const near = candidates.filter((it) => it.distance <= GATE);
  const kept = near.length > 0 ? near : beyondFrontier(candidates, query);
  return kept.sort((a, b) => a.distance - b.distance).slice(0, 4);
}

/** The waiver: exactly one axis may lie above every candidate. */
function beyondFrontier<
  Candidate extends { site: Site; dn: number; dk: number },
>(
  candidates: readonly Candidate[],
  { m, n, k }: Query,
): Candidate[] {
  const ns = candidates.map((it) => it.site.n);
  const ks = candidates.map((it) => it.site.k);
  const isBelow = n < Math.min(...ns) || k < Math.min(...ks);
  const aboveN = n > Math.max(...ns);
  const aboveK = k > Math.max(...ks);
  if (isBelow || aboveN === aboveK) throw dataMiss(`GEMM ${m}×${n}×${k}`);
  return candidates.filter((it) => (aboveN ? it.dk : it.dn) <= GATE);
}

function curve(
  { n, k, m: keys, leaves }: Site,
  m: number,
  sol: GemmSol,
): Point | undefined {
  const exact = leaves[keys.indexOf(m)];
  if (exact !== undefined) return exact;
  const high = keys.findIndex((key) => key > m);
  if (high > 0) {
    const [x0, x1, lo, hi] = [
      keys[high - 1],
      keys[high],
      leaves[high - 1],
      leaves[high],
    ];
    if (
      x0 === undefined || x1 === undefined || lo === undefined ||
      hi === undefined
    ) return undefined;
    const w = (m - x0) / (x1 - x0);
    return { ms: lerp(lo.ms, hi.ms, w), watts: lerp(lo.watts, hi.watts, w) };
  }
  const rows = keys.map((key, index) => ({ m: key, leaf: leaves[index] }));
  const tail = (high === 0 ? rows.slice(0, 3) : rows.slice(-3)).flatMap(
    ({ m: key, leaf }) => {
      const best = sol({ m: key, n, k });
      return leaf !== undefined && leaf.ms > 0 && best > 0
        ? [{ utilisation: best / leaf.ms, watts: leaf.watts }]
        : [];
    },
  );
  if (tail.length === 0) return undefined;
  return {
    ms: sol({ m, n, k }) / median(tail.map((it) => it.utilisation)),
    watts: median(tail.map((it) => it.watts)),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? NaN;
  return Number.isInteger(middle)
    ? (at(middle - 1) + at(middle)) / 2
    : at(Math.floor(middle));
}
