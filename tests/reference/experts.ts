/** Mixture of experts: the expert kernels (`aic-engine.md` §5.9) and their transfers (§5.12). @module */

import { type Bench, byMode } from "./bench.ts";
import { compareKeys } from "./gemm.ts";
import { lookUpCurve, type Value } from "./interpolate.ts";
import {
  findMode,
  flopsOf,
  modeOf,
  type QuantMode,
  sameProfile,
} from "./quant_modes.ts";
import { dataMiss } from "./refusal.ts";
import { type ExpertShape, moeSol } from "./speed_of_light.ts";
import {
  type GridNode,
  type GridSlice,
  leavesOf,
  type Tables,
} from "./tables.ts";
import { climb, nearestShape, type Rung } from "./utilisation.ts";

/** Experts of one layer. */
export interface ExpertsOp extends ExpertShape {
  readonly quant: string;
  readonly distribution: string;
}

/** §5.9 at t tokens. */
export function experts(bench: Bench, op: ExpertsOp, t: number): Value {
  const { system, tables } = bench;
  const q = modeOf(op.quant);
  flopsOf(system, q);
  const sol = moeSol(system, q, op, t);
  const distribution = presentDistribution(tables, op.quant, op.distribution);
  const own = () =>
    lowLatencyCurve(tables, op, { t, distribution }) ??
      tables.grids("moe").find(({ key }) => isShape(key, op, distribution));
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      const curve = own()?.grid;
      if (curve === undefined) {
        throw dataMiss(`experts [${op.quant}, ${distribution}]`);
      }
      const points = [...leavesOf(curve)];
      if (points.length === 1 && t < (points[0]?.at.at(-1) ?? 0)) {
        throw dataMiss(`experts at ${t} tokens`);
      }
      return lookUpCurve(curve, t, (x) => moeSol(system, q, op, x));
    },
    empirical: () => {
      // Without a row of any experts it is the data that has a gap.
      if (
        ["moe", "moe_low_latency"].every((it) => tables.grids(it).length === 0)
      ) throw dataMiss("experts of any kind");
      return climb(tables, rungs(bench, { op, q, own: own() }), {
        at: [t],
        sol,
      });
    },
  });
}

/** A distribution that the mode does not have becomes `uniform`. */
function presentDistribution(
  tables: Tables,
  quant: string,
  wanted: string,
): string {
  const isThere = tables.grids("moe").some(({ key }) =>
    key[0] === quant && key[1] === wanted
  );
  return isThere ? wanted : "uniform";
}

function shapeOf(
  { topk, experts: E, hidden, inter, tp, ep }: ExpertShape,
): number[] {
  return [topk, E, hidden, inter, tp, ep];
}

function isShape(
  key: GridSlice["key"],
  op: ExpertsOp,
  distribution: string,
): boolean {
  return key[0] === op.quant && key[1] === distribution &&
    key.slice(2).join() === shapeOf(op).join();
}

function lowLatencyCurve(
  tables: Tables,
  op: ExpertsOp,
  { t, distribution }: { t: number; distribution: string },
): GridSlice | undefined {
  if (op.quant !== "nvfp4" || op.matrices !== 3 || t > 128) return undefined;
  return tables.grids("moe_low_latency").find(({ key }) =>
    isShape(key, op, distribution)
  );
}

/** e(profile) of experts (§5.12). */
const EFFICIENCY: readonly (readonly [number, number, number])[] = [
  [2, 1, 0.53],
  [1, 1, 0.45],
  [9 / 16, 1, 0.07],
  [0.5, 1, 0.07],
  [1, 2, 0.40],
  [0.5, 2, 0.15],
  [1, 4, 0.30],
  [0.5, 4, 0.23],
  [9 / 16, 4, 0.23],
];

function efficiency({ mem, cf }: QuantMode): number {
  return EFFICIENCY.find(([m, c]) => m === mem && c === cf)?.[2] ?? 0.30;
}

interface Ladder {
  readonly op: ExpertsOp;
  readonly q: QuantMode;
  readonly own: GridSlice | undefined;
}

function* rungs(
  { system, tables, transfers }: Bench,
  { op, q, own }: Ladder,
): Generator<Rung> {
  if (own !== undefined) {
    const isOrdinary = tables.grids("moe").includes(own);
    const key = [isOrdinary ? "moe" : "moe_low_latency", ...own.key];
    yield rung({ key, grid: own.grid, shape: op }, q, 1);
  }
  const slices = tables.grids("moe");
  const names = [...new Set(slices.map(({ key }) => String(key[0])))];
  const modes = names.flatMap((name) => findMode(name) ?? []);
  const curvesOf = (mode: QuantMode) => {
    const distribution = presentDistribution(
      tables,
      mode.name,
      op.distribution,
    );
    return slices.flatMap(({ key, grid }) => {
      const [topk = 0, E = 0, hidden = 0, inter = 0, tp = 0, ep = 0] = key
        .slice(2).map(Number);
      const isNear = key[0] === mode.name && key[1] === distribution &&
        tp === op.tp && ep === op.ep;
      const shape = {
        topk,
        experts: E,
        hidden,
        inter,
        tp,
        ep,
        matrices: op.matrices,
      };
      return isNear
        ? [{
          key: ["moe", ...key],
          grid,
          shape,
          at: shapeOf(shape).slice(0, 4),
        }]
        : [];
    });
  };
  const nearest = (candidates: ReturnType<typeof curvesOf>) => {
    if (candidates.length === 0) return [];
    const sorted = [...candidates].sort((a, b) => compareKeys(a.at, b.at));
    return sorted[
      nearestShape(sorted.map(({ at }) => at), shapeOf(op).slice(0, 4))
    ] ?? [];
  };
  if (transfers.shape) {
    for (const found of [nearest(curvesOf(q))].flat()) yield rung(found, q, 1);
  }
  if (transfers.quant) {
    const alike = modes.filter((mode) =>
      mode.name !== q.name && sameProfile(mode, q)
    ).flatMap(curvesOf);
    for (const found of [nearest(alike)].flat()) yield rung(found, q, 1);
  }
  if (!transfers.profile) return;
  const distance = (mode: QuantMode) =>
    Math.abs(mode.mem - q.mem) + Math.abs(mode.cf - q.cf);
  const others = modes
    .filter((mode) =>
      !sameProfile(mode, q) && system.flopsPerSecond[mode.dtype] !== undefined
    )
    .sort((a, b) => distance(a) - distance(b));
  for (const mode of others) {
    const ratio = efficiency(q) / efficiency(mode);
    for (const found of [nearest(curvesOf(mode))].flat()) {
      yield rung(found, mode, ratio);
    }
  }

  function rung(
    { key, grid, shape }: {
      key: readonly (string | number)[];
      grid: GridNode;
      shape: ExpertShape;
    },
    mode: QuantMode,
    ratio: number,
  ): Rung {
    const samples = () =>
      [...leavesOf(grid)].map(({ at, leaf }) => {
        const x = at.at(-1) ?? 0;
        return { at: [x], ms: leaf.ms, sol: moeSol(system, mode, shape, x) };
      });
    return { key: `${key.join("/")}/${mode.name}`, samples, ratio };
  }
}
