/** Interpolation over grids and curves (`aic-engine.md` §3.1–§3.3). @module */

import { dataMiss } from "./refusal.ts";
import { type GridNode, isLeaf, type Leaf, leavesOf } from "./tables.ts";

/** Latency and energy of one look-up. */
export interface Value {
  readonly ms: number;
  readonly wms: number;
}

/** Speed of light at a point of the grid. */
export type SolOf = (at: readonly number[]) => number;

interface Point {
  readonly ms: number;
  readonly watts: number;
}
type Walked = Point | "out_of_range" | "empty";

const isPoint = (it: Walked): it is Point => typeof it !== "string";
const positive = (x: number) => x > 0 && Number.isFinite(x);

/** Linear interpolation. */
export function lerp(a: number, b: number, w: number): number {
  return a + (b - a) * w;
}

/** §3.1; `sqrtAxis` is the axis on which latency is interpolated by its root. */
export function lookUp(
  grid: GridNode,
  at: readonly number[],
  { sol, sqrtAxis = -1 }: { readonly sol: SolOf; readonly sqrtAxis?: number },
): Value {
  const walked = walk(grid, 0, { at, sol, sqrtAxis });
  if (walked === "empty") throw dataMiss(`[${at.join()}]`);
  const { ms, watts } = isPoint(walked) ? walked : hold(grid, at, sol);
  return { ms, wms: watts * ms };
}

function walk(
  node: GridNode | Leaf,
  depth: number,
  query: {
    readonly at: readonly number[];
    readonly sol: SolOf;
    readonly sqrtAxis: number;
  },
): Walked {
  if (isLeaf(node)) return node;
  const { at, sol, sqrtAxis } = query;
  const x = at[depth] ?? NaN;
  const { keys, below } = node;
  const exact = keys.indexOf(x);
  const at0 = below[exact];
  if (at0 !== undefined) return walk(at0, depth + 1, query);
  const high = keys.findIndex((key) => key > x);
  if (keys.length === 0) return "empty";
  if (high <= 0) return "out_of_range";
  const ends = [high - 1, high].map((index) => {
    const [key, child] = [keys[index], below[index]];
    if (key === undefined || child === undefined) {
      throw new Error("Keys and children differ.");
    }
    return { key, walked: walk(child, depth + 1, query) };
  });
  const alive = ends.flatMap(({ key, walked }) =>
    isPoint(walked) ? [{ key, ...walked }] : []
  );
  const [lo, hi] = alive;
  if (lo === undefined) {
    return ends.some((it) => it.walked === "out_of_range")
      ? "out_of_range"
      : "empty";
  }
  if (hi === undefined) {
    const here = sol(at);
    const there = sol(at.with(depth, lo.key));
    const ratio = positive(here) && positive(there) ? here / there : 1;
    return { ms: lo.ms * ratio, watts: lo.watts };
  }
  const w = (x - lo.key) / (hi.key - lo.key);
  const root = (value: number) => value > 0 ? Math.sqrt(value) : 0;
  const ms = depth === sqrtAxis
    ? lerp(root(lo.ms), root(hi.ms), w) ** 2
    : lerp(lo.ms, hi.ms, w);
  return { ms, watts: lerp(lo.watts, hi.watts, w) };
}

const log2 = (value: number) => Math.log2(Math.max(value, 1e-12));

/** §3.2, more than one axis: the utilisation of the four nearest rows. */
function hold(grid: GridNode, at: readonly number[], sol: SolOf): Point {
  const rows = [...leavesOf(grid)].map(({ at: key, leaf }) => ({
    leaf,
    key,
    distance: Math.sqrt(
      key.reduce(
        (sum, value, axis) => sum + (log2(value) - log2(at[axis] ?? 0)) ** 2,
        0,
      ),
    ),
  })).sort((a, b) => a.distance - b.distance);
  const valid: { distance: number; utilisation: number; watts: number }[] = [];
  for (const { leaf, key, distance } of rows) {
    if (valid.length === 5) break;
    const best = sol(key);
    if (leaf.ms <= 0 || best <= 0) continue;
    valid.push({ distance, utilisation: best / leaf.ms, watts: leaf.watts });
  }
  const near = valid.slice(0, 4);
  if (near.length === 0) throw dataMiss(`[${at.join()}]`);
  const reach = valid[4]?.distance ?? Infinity;
  let weights = near.map(({ distance: d }) =>
    reach === Infinity
      ? 1 / (d * d + 1e-12)
      : (Math.max(reach - d, 0) / (reach * d + 1e-12)) ** 2
  );
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  if (sum(weights) <= 0) weights = near.map(() => 1);
  const mean = (of: (it: typeof near[number]) => number) =>
    sum(near.map((it, i) => (weights[i] ?? 0) * of(it))) / sum(weights);
  return {
    ms: sol(at) / mean((it) => it.utilisation),
    watts: mean((it) => it.watts),
  };
}

/** §3.3: a curve over one axis; the grid's first two axes have the single key 0. */
export function lookUpCurve(
  grid: GridNode,
  x: number,
  sol: (x: number) => number,
): Value {
  const rows = [...leavesOf(grid)].map(({ at, leaf }) => ({
    x: at.at(-1) ?? 0,
    ...leaf,
  }));
  const exact = rows.find((row) => row.x === x);
  if (exact !== undefined) return { ms: exact.ms, wms: exact.watts * exact.ms };
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) {
    throw dataMiss("an empty curve");
  }
  if (x < first.x || x > last.x) {
    const end = x > last.x ? last : first;
    const best = sol(end.x);
    const wanted = sol(x);
    if (end.ms <= 0 || best <= 0 || wanted <= 0) {
      throw dataMiss(`a curve at ${x}`);
    }
    const ms = wanted / (best / end.ms);
    return { ms, wms: end.watts * ms };
  }
  const high = rows.findIndex((row) => row.x > x);
  const [lo, hi] = [rows[high - 1], rows[high]];
  if (lo === undefined || hi === undefined) throw dataMiss(`a curve at ${x}`);
  const w = (x - lo.x) / (hi.x - lo.x);
  const ms = lerp(lo.ms, hi.ms, w);
  return { ms, wms: lerp(lo.watts, hi.watts, w) * ms };
}
