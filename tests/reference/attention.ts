/** Context and generation attention (`aic-engine.md` §5.3, §5.4), lanes (§2.2) and their transfers (§5.12). @module */

import { type Bench, byMode } from "./bench.ts";
import { lookUp, type Value } from "./interpolate.ts";
import { modeOf } from "./quant_modes.ts";
import { memoryOp } from "./memory_op.ts";
import { dataMiss } from "./refusal.ts";
import {
  type AttentionShape,
  contextAttentionSol,
  generationAttentionSol,
} from "./speed_of_light.ts";
import { type GridSlice, leavesOf } from "./tables.ts";
import { climb, type Rung } from "./utilisation.ts";

/** Context attention of one layer. */
export interface ContextAttentionOp extends AttentionShape {
  readonly fmha: string;
  readonly qkNorm: boolean;
}

/** §5.3. */
export function contextAttention(
  bench: Bench,
  op: ContextAttentionOp,
  { b, s, prefix, cp }: { b: number; s: number; prefix: number; cp: number },
): Value {
  const chunk = Math.max(Math.ceil(s / (2 * cp)), 1);
  const parts = cp > 1
    ? [{ s: chunk, prefix }, { s: chunk, prefix: prefix + s - chunk }]
    : [{ s, prefix }];
  const values = parts.map((part) => contextTable(bench, op, { b, ...part }));
  return {
    ms: values.reduce((sum, it) => sum + it.ms, 0) +
      1.1 * layerExtras(bench, op),
    wms: values.reduce((sum, it) => sum + it.wms, 0),
  };
}

/** Constants of the layer: no token count enters them. */
function layerExtras(
  bench: Bench,
  { heads, kvHeads, headDim, fmha, qkNorm }: ContextAttentionOp,
): number {
  const [Q, K] = [heads * headDim, kvHeads * headDim];
  const cost = (bytes: number) => memoryOp(bench, bytes);
  const norm = qkNorm ? 2 * (2 * cost(2 * Q) + 2 * cost(2 * K)) : 0;
  return norm + 2 * cost(2 * Q + 2 * K) + 2 * cost(K * modeOf(fmha).mem);
}

function contextTable(
  bench: Bench,
  op: ContextAttentionOp,
  { b, s, prefix }: { b: number; s: number; prefix: number },
): Value {
  const { system, tables } = bench;
  const full = s + prefix;
  const sol = contextAttentionSol(system, op, { b, s, prefix });
  const solOf =
    (headDim: number, window: number) =>
    ([heads = 0, isl = 0, batch = 0]: readonly number[]) =>
      contextAttentionSol(
        system,
        withHeads({ ...op, headDim, window }, heads),
        { b: batch, s: isl, prefix: 0 },
      );
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      const { fmha, kv, headDim, window } = op;
      const slice = inLanes(bench, "context_attention", [
        fmha,
        kv,
        sliceKvHeads(op),
        headDim,
        window,
      ]);
      const found = lookUp(slice.grid, [op.heads, full, b], {
        sol: solOf(headDim, window),
        sqrtAxis: 1,
      });
      const share = (full * full - prefix * prefix) / (full * full);
      return { ms: found.ms * share, wms: found.wms * share };
    },
    empirical: () => {
      const rungs = attentionRungs(bench, tables.grids("context_attention"), {
        head: [op.fmha, op.kv, sliceKvHeads(op)],
        op,
        solOf,
        ratio: (headDim) =>
          headFactor(bench.backend, op.headDim) /
          headFactor(bench.backend, headDim),
      });
      return climb(tables, rungs, { at: [op.heads, full, b], sol });
    },
  });
}

/** §5.4: tables are asked at five positions, everything else at one. */
export function generationAttention(
  bench: Bench,
  op: AttentionShape,
  { b, s }: { b: number; s: number },
): Value {
  const { system, tables } = bench;
  const sol = generationAttentionSol(system, op, { b, s });
  const solOf =
    (headDim: number, window: number) =>
    ([heads = 0, batch = 0, length = 0]: readonly number[]) =>
      generationAttentionSol(
        system,
        withHeads({ ...op, headDim, window }, heads),
        { b: batch, s: length },
      );
  return byMode(bench, {
    sol: () => sol,
    silicon: () => {
      const slice = inLanes(bench, "generation_attention", [
        op.kv,
        sliceKvHeads(op),
        op.headDim,
        op.window,
      ]);
      const low = Math.max(Math.trunc(0.9 * s), 1);
      const high = Math.max(Math.trunc(1.1 * s), low);
      const values = [0, 1, 2, 3, 4].map((i) => {
        const at = low + Math.floor((high - low) * i / 4);
        return lookUp(slice.grid, [op.heads, b, at], {
          sol: solOf(op.headDim, op.window),
        });
      });
      return {
        ms: values.reduce((sum, it) => sum + it.ms, 0) / 5,
        wms: values.reduce((sum, it) => sum + it.wms, 0) / 5,
      };
    },
    empirical: () => {
      const rungs = attentionRungs(
        bench,
        tables.grids("generation_attention"),
        {
          head: [op.kv, sliceKvHeads(op)],
          op,
          solOf,
          ratio: () => 1,
        },
      );
      return climb(tables, rungs, { at: [op.heads, b, s], sol });
    },
  });
}

/** n_kv of a slice: 0 for plain multi-head attention (§2.2). */
function sliceKvHeads({ heads, kvHeads }: AttentionShape): number {
  return heads === kvHeads ? 0 : kvHeads;
}

/** In the SOL of a plain multi-head slice, kv heads follow the heads (§4). */
function withHeads<Shape extends AttentionShape>(
  shape: Shape,
  heads: number,
): Shape {
  return {
    ...shape,
    heads,
    kvHeads: shape.heads === shape.kvHeads ? heads : shape.kvHeads,
  };
}

/** Lanes as they are asked: the pinned one, then by the first appearance of any of their rows (§2.2). */
function lanesOf({ tables }: Bench, table: string): (string | number)[] {
  const present = new Set(
    tables.grids(table).flatMap(({ key }) => key[0] ?? []),
  );
  const { pinnedLane } = tables;
  return [
    ...[...present].filter((lane) => lane === pinnedLane),
    ...[...present].filter((lane) => lane !== pinnedLane),
  ];
}

/** The first lane that has the slice. */
function inLanes(
  bench: Bench,
  table: string,
  key: readonly (string | number)[],
): GridSlice {
  for (const lane of lanesOf(bench, table)) {
    const wanted = [lane, ...key].join();
    const slice = bench.tables.grids(table).find((it) =>
      it.key.join() === wanted
    );
    if (slice !== undefined) return slice;
  }
  throw dataMiss(`${table} [${key.join()}]`);
}

interface AttentionLadder {
  /** Key of a slice between lane and head size. */
  readonly head: readonly (string | number)[];
  readonly op: AttentionShape;
  readonly solOf: (
    headDim: number,
    window: number,
  ) => (at: readonly number[]) => number;
  readonly ratio: (headDim: number) => number;
}

function* attentionRungs(
  { tables, transfers }: Bench,
  slices: readonly GridSlice[],
  { head, op, solOf, ratio }: AttentionLadder,
): Generator<Rung> {
  const fitting = slices.map((slice) => {
    const [lane, ...rest] = slice.key;
    const [headDim, window] = rest.slice(head.length).map(Number);
    return {
      ...slice,
      lane,
      headDim: headDim ?? 0,
      window: window ?? 0,
      head: rest.slice(0, head.length).join(),
    };
  }).filter((slice) => slice.head === head.join());
  const present = [...new Set(slices.map(({ key }) => key[0]))];
  const lanes = [
    ...present.filter((lane) => lane === tables.pinnedLane),
    ...present.filter((lane) => lane !== tables.pinnedLane),
  ];
  const rung = (
    { key, grid, headDim, window }: typeof fitting[number],
    factor: number,
  ): Rung => {
    const sol = solOf(headDim, window);
    const samples = () =>
      [...leavesOf(grid)].map(({ at, leaf }) => ({
        at,
        ms: leaf.ms,
        sol: sol(at),
      }));
    return { key: `attention/${key.join("/")}`, samples, ratio: factor };
  };
  for (const window of new Set([op.window, 0])) {
    for (const lane of lanes) {
      const own = fitting.find((it) =>
        it.lane === lane && it.headDim === op.headDim && it.window === window
      );
      if (own !== undefined) yield rung(own, 1);
    }
    if (!transfers.shape) continue;
    for (const lane of lanes) {
      const inLane = fitting.filter((it) => it.lane === lane);
      const headDims = inLane.map((it) => it.headDim);
      const reference = headDims.includes(128)
        ? 128
        : nearest(headDims, op.headDim);
      const slice = inLane.find((it) =>
        it.headDim === reference && it.window === window
      );
      if (slice !== undefined) yield rung(slice, ratio(reference));
    }
  }
}

function nearest(values: readonly number[], wanted: number): number {
  const distance = (value: number) =>
    Math.abs(Math.log(value) - Math.log(wanted));
  return [...values].sort((a, b) => distance(a) - distance(b))[0] ?? wanted;
}

/** H(d) by backend (§5.12). */
const HEAD_FACTORS: Readonly<Record<string, readonly number[]>> = {
  trtllm: [0.58, 1, 1.10, 1.17, 1.20],
  sglang: [0.60, 1, 1.18, 1.32, 1.38],
  vllm: [0.60, 1, 1.27, 1.51, 1.60],
};
const HEAD_DIMS = [64, 128, 192, 256, 512] as const;

/** Between the listed head sizes linear in log2, outside the end value. */
export function headFactor(backend: string, headDim: number): number {
  const factors = HEAD_FACTORS[backend] ?? [];
  const clamped = Math.min(512, Math.max(64, headDim));
  const high = Math.max(1, HEAD_DIMS.findIndex((dim) => dim >= clamped));
  const [x0 = 1, x1 = 2, y0 = 1, y1 = 1] = [
    HEAD_DIMS[high - 1],
    HEAD_DIMS[high],
    factors[high - 1],
    factors[high],
  ];
  const w = (Math.log2(clamped) - Math.log2(x0)) /
    (Math.log2(x1) - Math.log2(x0));
  return y0 + (y1 - y0) * w;
}
