/** Latent attention: granular kernels and measured modules (`aic-engine.md` §5.11). @module */

import type { SystemSpec } from "../../optimizer-wasm/data/system_spec.ts";
import { type Bench, byMode } from "./bench.ts";
import { lookUp, lookUpCurve, type SolOf, type Value } from "./interpolate.ts";
import { decodeFlops, flopsOf, kvBytes, modeOf } from "./quant_modes.ts";
import { dataMiss } from "./refusal.ts";
import { type GridSlice, leavesOf } from "./tables.ts";
import { climb } from "./utilisation.ts";

/** b requests at a length, with a cached prefix in the context phase. */
export interface MlaPoint {
  readonly b: number;
  readonly s: number;
  readonly prefix: number;
}

/** Precision of a module. */
export interface MlaModes {
  readonly fmha: string;
  readonly kv: string;
  readonly gemm: string;
}

/** §4, context MLA and its module. */
function contextSol(
  system: SystemSpec,
  { fmha, kv }: MlaModes,
  n: number,
  { b, s, prefix }: MlaPoint,
): number {
  const full = s + prefix;
  const math = 320 * b * n * (full * full - prefix * prefix) /
    flopsOf(system, modeOf(fmha));
  const bytes = b * n * (kvBytes(kv) * full * 320 + 2 * s * 320);
  return Math.max(math, bytes / system.memoryBandwidthBytesPerSecond) * 1000;
}

function contextLookUp(
  bench: Bench,
  slice: GridSlice | undefined,
  { modes, heads, point, table }: {
    modes: MlaModes;
    heads: number;
    point: MlaPoint;
    table: string;
  },
): Value {
  const { system, tables } = bench;
  const { b, s, prefix } = point;
  const full = s + prefix;
  const sol = contextSol(system, modes, heads, point);
  const solOf: SolOf = ([n = 0, length = 0, batch = 0]) =>
    contextSol(system, modes, n, { b: batch, s: length, prefix: 0 });
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      if (slice === undefined) {
        throw dataMiss(`${table} [${Object.values(modes).join()}]`);
      }
      const found = lookUp(slice.grid, [heads, full, b], {
        sol: solOf,
        sqrtAxis: 1,
      });
      const share = (full * full - prefix * prefix) / (full * full);
      return { ms: found.ms * share, wms: found.wms * share };
    },
    empirical: () =>
      climb(tables, [rungOf(table, slice, solOf)], {
        at: [heads, full, b],
        sol,
      }),
  });
}

function rungOf(table: string, slice: GridSlice | undefined, solOf: SolOf) {
  const samples = () =>
    slice === undefined
      ? []
      : [...leavesOf(slice.grid)].map(({ at, leaf }) => ({
        at,
        ms: leaf.ms,
        sol: solOf(at),
      }));
  return { key: `${table}/${slice?.key.join("/")}`, samples, ratio: 1 };
}

/** Context MLA kernel. */
export function contextMla(
  bench: Bench,
  modes: MlaModes,
  heads: number,
  { point, cp }: { point: MlaPoint; cp: number },
): Value {
  const table = "context_mla";
  const slice = bench.tables.grids(table).find(({ key }) =>
    key[0] === modes.fmha && key[1] === modes.kv
  );
  const { s, prefix } = point;
  const chunk = Math.max(Math.ceil(s / (2 * cp)), 1);
  const parts = cp > 1
    ? [{ ...point, s: chunk }, {
      ...point,
      s: chunk,
      prefix: prefix + s - chunk,
    }]
    : [point];
  const values = parts.map((part) =>
    contextLookUp(bench, slice, { modes, heads, point: part, table })
  );
  return {
    ms: values.reduce((sum, it) => sum + it.ms, 0),
    wms: values.reduce((sum, it) => sum + it.wms, 0),
  };
}

/** Generation MLA kernel: one look-up. */
export function generationMla(
  bench: Bench,
  kv: string,
  heads: number,
  { b, s }: MlaPoint,
): Value {
  const { system, tables } = bench;
  const solAt = (n: number, batch: number, length: number) => {
    const math = 2 * batch * n * 1088 * length / decodeFlops(system, kv);
    const bytes = batch * (2 * n * 1088 + (length - 1) * 576 * kvBytes(kv));
    return Math.max(math, bytes / system.memoryBandwidthBytesPerSecond) * 1000;
  };
  const solOf: SolOf = ([n = 0, batch = 0, length = 0]) =>
    solAt(n, batch, length);
  const table = "generation_mla";
  const slice = tables.grids(table).find(({ key }) => key[0] === kv);
  return byMode(bench, {
    sol: () => solAt(heads, b, s),
    silicon: () => {
      if (slice === undefined) throw dataMiss(`${table} ${kv}`);
      return lookUp(slice.grid, [heads, b, s], { sol: solOf });
    },
    empirical: () =>
      climb(tables, [rungOf(table, slice, solOf)], {
        at: [heads, b, s],
        sol: solAt(heads, b, s),
      }),
  });
}

/** Batched matrices around decode MLA; the token axis is the batch size. */
export function mlaBmm(
  bench: Bench,
  quant: string,
  stage: "pre" | "post",
  { heads, b }: { heads: number; b: number },
): Value {
  const { system, tables } = bench;
  const table = tables.grids("mla_bmm");
  const operation = `mla_gen_${stage}`;
  const isThere = table.some(({ key }) => key[0] === quant);
  const mode = isThere ? quant : "bfloat16";
  const curveOf = (n: number) =>
    table.find(({ key }) =>
      key[0] === mode && key[1] === operation && key[2] === n
    );
  const solAt = (n: number, t: number) => {
    const q = modeOf(quant);
    const math = 2 * t * n * 128 * 512 / flopsOf(system, q);
    return Math.max(
      math,
      n * (640 * t + 65536) * q.mem / system.memoryBandwidthBytesPerSecond,
    ) * 1000;
  };
  const power = 2 ** Math.ceil(Math.log2(heads));
  const measured = curveOf(heads) === undefined ? power : heads;
  const share = heads / measured;
  const slice = curveOf(measured);
  return byMode(bench, {
    sol: () => solAt(heads, b),
    silicon: () => {
      if (slice === undefined) {
        throw dataMiss(`mla_bmm ${operation} of ${heads} heads`);
      }
      const found = lookUpCurve(slice.grid, b, (t) => solAt(measured, t));
      return { ms: found.ms * share, wms: found.wms * share };
    },
    empirical: () => {
      const solOf: SolOf = (at) => solAt(measured, at.at(-1) ?? 0);
      const rung = rungOf("mla_bmm", slice, solOf);
      const samples = () =>
        rung.samples().map((it) => ({ ...it, at: it.at.slice(-1) }));
      return climb(tables, [{ ...rung, samples }], {
        at: [b],
        sol: solAt(heads, b),
      });
    },
  });
}

/** The bucket of a native head count: its own, the only one, the largest below it, the smallest. */
function bucketOf(
  slices: readonly GridSlice[],
  nativeHeads: number,
): GridSlice | undefined {
  const native = (slice: GridSlice) => Number(slice.key.at(-1));
  const sorted = [...slices].sort((a, b) => native(a) - native(b));
  return sorted.find((it) => native(it) === nativeHeads) ??
    sorted.filter((it) => native(it) <= nativeHeads).at(-1) ?? sorted[0];
}

/** Heads of one GPU and of the whole model. */
export interface ModuleHeads {
  readonly heads: number;
  readonly native: number;
}

/** Context MLA module. */
export function contextModule(
  bench: Bench,
  modes: MlaModes,
  { heads, native }: ModuleHeads,
  point: MlaPoint,
): Value {
  const table = "mla_context_module";
  const slices = bench.tables.grids(table).filter(({ key }) =>
    key[0] === modes.fmha && key[1] === modes.kv && key[2] === modes.gemm
  );
  return contextLookUp(bench, bucketOf(slices, native), {
    modes,
    heads,
    point,
    table,
  });
}

/** Generation MLA module. */
export function generationModule(
  bench: Bench,
  { kv, gemm }: MlaModes,
  { heads, native }: ModuleHeads,
  { b, s }: MlaPoint,
): Value {
  const { system, tables } = bench;
  const table = "mla_generation_module";
  const slice = bucketOf(
    tables.grids(table).filter(({ key }) => key[0] === kv && key[1] === gemm),
    native,
  );
  const q = modeOf(gemm);
  const solAt = (n: number, batch: number, length: number) => {
    const math = 2 * batch * n * 1088 * length / decodeFlops(system, kv) +
      4 * batch * n * 128 * 512 / flopsOf(system, q);
    const bytes = batch * (2 * n * 1088 + (length - 1) * 576 * kvBytes(kv)) +
      2 * n * (640 * batch + 65536) * q.mem;
    return Math.max(math, bytes / system.memoryBandwidthBytesPerSecond) * 1000;
  };
  const solOf: SolOf = ([n = 0, batch = 0, length = 0]) =>
    solAt(n, batch, length);
  return byMode(bench, {
    sol: () => solAt(heads, b, s),
    silicon: () => {
      if (slice === undefined) throw dataMiss(`${table} [${kv}, ${gemm}]`);
      return lookUp(slice.grid, [heads, b, s], { sol: solOf });
    },
    empirical: () =>
      climb(tables, [rungOf(table, slice, solOf)], {
        at: [heads, b, s],
        sol: solAt(heads, b, s),
      }),
  });
}
