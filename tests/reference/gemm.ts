/** The GEMM operator (`aic-engine.md` §5.2), its quantize tables (§3.5) and its transfers (§5.12). @module */

import { type Bench, byMode } from "./bench.ts";
import { lookUpGemm } from "./gemm_sites.ts";
import { lookUp, type Value } from "./interpolate.ts";
import {
  findMode,
  modeOf,
  type QuantMode,
  sameProfile,
} from "./quant_modes.ts";
import { dataMiss } from "./refusal.ts";
import { computeScaleSol, gemmSol, scaleMatrixSol } from "./speed_of_light.ts";
import { leavesOf, type Site, type Tables } from "./tables.ts";
import { climb, type Rung, type Sample, scaleNearest } from "./utilisation.ts";

/** A GEMM of m tokens. */
export interface GemmQuery {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly quant: string;
  readonly lowPrecisionInput: boolean;
}

/** Latency and energy of one GEMM. */
export function gemm(bench: Bench, query: GemmQuery): Value {
  if (query.quant === "fp8_static") return staticGemm(bench, query);
  const { system, tables } = bench;
  const { m, n, k } = query;
  const q = modeOf(query.quant);
  const sol = gemmSol(system, q, { m, n, k }); // the flops check comes before the table (§1.3)
  return byMode(bench, {
    sol: () => sol,
    silicon: () =>
      lookUpGemm(
        sitesOf(tables, q.name),
        { m, n, k },
        (at) => gemmSol(system, q, at),
      ),
    empirical: () => climb(tables, rungs(bench, q), { at: [m, n, k], sol }),
  });
}

/** fp8_static: fp8 without the quantize kernels, never below its own roofline. */
function staticGemm(bench: Bench, query: GemmQuery): Value {
  const { system } = bench;
  const { m, n, k, lowPrecisionInput } = query;
  const sol = gemmSol(system, modeOf("fp8_static"), query);
  if (bench.mode === "SOL") return { ms: sol, wms: 0 };
  const base = gemm(bench, { ...query, quant: "fp8" });
  const scale = quantize(bench, "computescale", m, k);
  const matrix = lowPrecisionInput
    ? quantize(bench, "scale_matrix", m, k)
    : { ms: 0, wms: 0 };
  return {
    ms: Math.max(
      base.ms - scale.ms - matrix.ms,
      gemmSol(system, modeOf("fp8"), { m, n, k }),
    ),
    wms: Math.max(base.wms - scale.wms - matrix.wms, 0),
  };
}

/** §3.5; the quantize tables hold fp8. */
function quantize(
  bench: Bench,
  table: "computescale" | "scale_matrix",
  m: number,
  k: number,
): Value {
  const { system } = bench;
  const solAt = (x: number, y: number) =>
    table === "computescale"
      ? computeScaleSol(system, x, y)
      : scaleMatrixSol(system, x, y);
  const slice = bench.tables.grids(table).find(({ key }) => key[0] === "fp8");
  const rows = slice === undefined ? [] : [...leavesOf(slice.grid)];
  return byMode(bench, {
    sol: () => solAt(m, k),
    silicon: () => {
      if (slice === undefined) throw dataMiss(`${table} fp8`);
      const within = (x: number, axis: number) => {
        const keys = rows.map(({ at }) => at[axis] ?? 0);
        return Math.min(Math.max(x, Math.min(...keys)), Math.max(...keys));
      };
      const [cm, ck] = [within(m, 1), within(k, 2)];
      const sol = ([, x = 0, y = 0]: readonly number[]) => solAt(x, y);
      const found = lookUp(slice.grid, [0, cm, ck], { sol });
      const ratio = table === "scale_matrix" && (cm !== m || ck !== k)
        ? solAt(m, k) / solAt(cm, ck)
        : 1;
      return { ms: found.ms * ratio, wms: found.wms * ratio };
    },
    empirical: () => {
      const samples = () =>
        rows.map(({ at, leaf }) => {
          const [, x = 0, y = 0] = at;
          return { at: [x, y], ms: leaf.ms, sol: solAt(x, y) };
        });
      const query = { at: [m, k], sol: solAt(m, k) };
      return table === "computescale"
        ? scaleNearest(samples(), query)
        : climb(bench.tables, [{ key: table, samples, ratio: 1 }], query);
    },
  });
}

function sitesOf(tables: Tables, quant: string): readonly Site[] {
  const slice = tables.gemm().find(({ key }) => key[0] === quant);
  if (slice === undefined) throw dataMiss(`GEMM in ${quant}`);
  return slice.sites;
}

/** e(profile) of GEMM (§5.12). */
const EFFICIENCY: readonly (readonly [number, number, number])[] = [
  [2, 1, 0.70],
  [1, 1, 0.55],
  [9 / 16, 1, 0.45],
  [0.5, 1, 0.45],
  [1, 2, 0.45],
  [0.5, 2, 0.35],
  [1, 4, 0.30],
  [0.5, 4, 0.30],
  [9 / 16, 4, 0.30],
];

function efficiency({ mem, cf }: QuantMode): number {
  return EFFICIENCY.find(([m, c]) => m === mem && c === cf)?.[2] ?? 0.45;
}

function* rungs(
  { system, tables, transfers }: Bench,
  q: QuantMode,
): Generator<Rung> {
  const slices = tables.gemm().flatMap(({ key, sites }) => {
    const mode = findMode(String(key[0]));
    return mode === undefined ? [] : [{ mode, sites }];
  });
  const own = slices.filter(({ mode }) => mode.name === q.name);
  for (const slice of own) yield rung(slice, q, 1);
  const others = slices.filter(({ mode }) => mode.name !== q.name);
  if (transfers.quant) {
    for (const slice of others) {
      if (sameProfile(slice.mode, q)) yield rung(slice, q, 1);
    }
  }
  if (!transfers.profile) return;
  const distance = (mode: QuantMode) =>
    [Math.abs(mode.cf - q.cf), Math.abs(mode.mem - q.mem)] as const;
  const ranked = others.filter(({ mode }) => !sameProfile(mode, q)).sort(
    (a, b) => {
      const [[ca, ma], [cb, mb]] = [distance(a.mode), distance(b.mode)];
      return ca - cb || ma - mb;
    },
  );
  for (const slice of ranked) {
    if (system.flopsPerSecond[slice.mode.dtype] === undefined) continue;
    yield rung(slice, slice.mode, efficiency(q) / efficiency(slice.mode));
  }

  function rung(
    { mode, sites }: typeof slices[number],
    solMode: QuantMode,
    ratio: number,
  ): Rung {
    const key = `gemm/${mode.name}/${solMode.name}`;
    return { key, samples: () => samplesOf(sites, solMode), ratio };
  }

  function samplesOf(sites: readonly Site[], mode: QuantMode): Sample[] {
    return sites.flatMap(({ n, k, m, leaves }) =>
      leaves.map(({ ms }, i) => {
        const at = [m[i] ?? 0, n, k];
        return { at, ms, sol: gemmSol(system, mode, { m: m[i] ?? 0, n, k }) };
      })
    ).sort((a, b) => compareKeys(a.at, b.at));
  }
}

/** Ascending order of keys, axis by axis. */
export function compareKeys(
  a: readonly number[],
  b: readonly number[],
): number {
  for (const [axis, value] of a.entries()) {
    const difference = value - (b[axis] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
