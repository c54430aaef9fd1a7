/** Custom all-reduce and NCCL (`aic-engine.md` §5.5–§5.7). @module */

import { type Bench, byMode } from "./bench.ts";
import { lookUpCurve, type Value } from "./interpolate.ts";
import { dataMiss } from "./refusal.ts";
import { allReduceSol, ncclSol, tierBandwidth } from "./speed_of_light.ts";
import { type GridSlice, leavesOf, type Tables } from "./tables.ts";
import { climb } from "./utilisation.ts";

const NOTHING: Value = { ms: 0, wms: 0 };

/** §5.5: `size` elements over tp GPUs. */
export function customAllReduce(bench: Bench, tp: number, size: number): Value {
  if (tp <= 1) return NOTHING;
  const { system, mode, tables } = bench;
  const usesNccl = system.gpusPerNode === 72 && tp > 4 &&
    (mode === "SILICON" || mode === "HYBRID");
  if (usesNccl) return nccl(bench, "all_reduce", tp, size);
  const slices = tables.grids("custom_allreduce");
  const sliceOf = (gpus: number) => slices.find(({ key }) => key[0] === gpus);
  const node = sliceOf(tp) === undefined ? system.gpusPerNode : tp; // a measured width needs no scaling
  const measured = Math.min(tp, node);
  const slice = sliceOf(measured);
  const sol = allReduceSol(system, tp, size);
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      if (slice === undefined) {
        throw dataMiss(`all-reduce over ${measured} GPUs`);
      }
      const found = lookUpCurve(slice.grid, size, (x) => x);
      if (tp <= node) return found;
      const factor = (tp - 1) / tp * node / (node - 1) *
        tierBandwidth(system, node) / tierBandwidth(system, tp);
      return { ms: found.ms * factor, wms: found.wms * factor };
    },
    empirical: () =>
      fromCurve(tables, slice, {
        size,
        sol,
        solAt: (x) => allReduceSol(system, measured, x),
      }),
  });
}

/** §5.6: `size` elements over n GPUs, in half precision. */
export function nccl(
  bench: Bench,
  operation: string,
  gpus: number,
  size: number,
): Value {
  if (gpus <= 1) return NOTHING;
  const { system, tables } = bench;
  const slices = tables.grids("nccl").filter(({ key }) =>
    key[0] === "half" && key[1] === operation
  );
  const most = Math.max(0, ...slices.map(({ key }) => Number(key[2])));
  const measured = Math.min(gpus, most);
  const slice = slices.find(({ key }) => key[2] === measured);
  const sol = ncclSol(system, operation, gpus, size);
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      if (slice === undefined) {
        throw dataMiss(`NCCL ${operation} over ${measured} GPUs`);
      }
      const found = lookUpCurve(slice.grid, size, (x) => x);
      if (gpus <= most) return found;
      const factor = (gpus - 1) / gpus * most / (most - 1) *
        tierBandwidth(system, most) / tierBandwidth(system, gpus);
      return { ms: found.ms * factor, wms: found.wms * factor };
    },
    empirical: () =>
      fromCurve(tables, slice, {
        size,
        sol,
        solAt: (x) => ncclSol(system, operation, measured, x),
      }),
  });
}

function fromCurve(
  tables: Tables,
  slice: GridSlice | undefined,
  { size, sol, solAt }: {
    size: number;
    sol: number;
    solAt: (x: number) => number;
  },
): number {
  const samples = () =>
    slice === undefined ? [] : [...leavesOf(slice.grid)].map(({ at, leaf }) => {
      const x = at.at(-1) ?? 0;
      return { at: [x], ms: leaf.ms, sol: solAt(x) };
    });
  const rung = { key: `collective/${slice?.key.join("/")}`, samples, ratio: 1 };
  return climb(tables, [rung], { at: [size], sol });
}
