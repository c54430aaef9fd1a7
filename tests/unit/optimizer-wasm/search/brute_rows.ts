/**
 * The rows of a fleet search once more, from the specification and the estimator alone (`SPEC.md` R10–R18,
 * `aic-engine.md` §7, §11): the judge of the module's search, which shares no line with it.
 * @module
 */

import { POWER } from "../../../../optimizer-wasm/host.ts";
import type { PhaseSums } from "../../../../optimizer-wasm/mod.ts";
import type {
  FleetQuery,
  WorkerSide,
} from "../../../../optimizer-wasm/search/mod.ts";
import type { OpenedLayout } from "../../../../optimizer-wasm/search/rows.ts";

/** Batches that upstream's sweeps try. */
export const DECODE = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[16, 18, 20, 22, 24, 26, 28, 30],
  ...steps(32, 128, 4),
  ...steps(128, 512, 8),
  512,
];
export const AGGREGATED = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  ...[16, 20, 24, 28, 32, 40, 48, 56],
  ...steps(64, 256, 16),
  ...steps(256, 512, 32),
  512,
];
/** Prefill batches of the product; upstream tries 1 alone. */
const PREFILL = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32]
  .concat([40, 48, 56, 64]);

function steps(from: number, below: number, by: number): number[] {
  const list = [];
  for (let value = from; value < below; value += by) list.push(value);
  return list;
}

/** One kind of step: its time, and its sums at the upper end of the power interval. */
export interface BrutePhase {
  readonly ms: number;
  readonly sums: PhaseSums;
}

/** One replica at one batch, before caps and targets. */
export interface BruteRow {
  readonly side: WorkerSide;
  readonly layout: number;
  readonly gpus: number;
  readonly smVersion: number;
  readonly batch: number;
  readonly mostRate: number;
  /** Prompt tokens of a mixed step. */
  readonly context?: number;
  /** One phase, or a mixed step and a step of decode requests alone. */
  readonly phases: readonly BrutePhase[];
  /** Times of the phases at lower power limits, falling, as far as they were measured. */
  readonly limits: readonly {
    readonly limitWatts: number;
    readonly ms: readonly number[];
  }[];
  /** Latencies and requests a second when the phases take so many times as long. */
  measure(slow: readonly number[]): Measured;
}

export interface Measured {
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly rate: number;
}

const STRIDE = 32;
const AIC = {
  prefillLatency: 1.1,
  ttftQueueing: 1.8,
  decodeLatency: 1.08,
  prefillRate: 0.9,
  decodeRate: 0.92,
  vllmDispatchMsPerLayer: 0.8,
};

const gate = (c: number | undefined) => Math.max(1, c ?? 1);

/** Prompt tokens of a mixed step (§11.3, no chunked prefill). */
export function contextSizes(isl: number): number[] {
  const step = Math.max(isl, 512);
  const limit = Math.max(8192, 2 * isl);
  let big = Math.max(1024, 512, Math.floor(limit / 8), step);
  big = Math.ceil(big / isl) * isl;
  const found = new Set<number>();
  for (let c = 0;;) {
    c += c < 8192 ? step : big;
    if (c > limit) break;
    found.add(c);
  }
  found.add(isl);
  found.add(2 * isl);
  return [...found].sort((a, b) => a - b);
}

/** Every row of every layout. */
export function bruteRows(
  layouts: readonly OpenedLayout[],
  query: FleetQuery,
): BruteRow[] {
  const next = { prefill: 0, decode: 0, agg: 0 };
  return layouts.flatMap((opened) => {
    const layout = next[opened.side]++;
    const keyOf = ({ batch, context }: Unlimited) => `${batch}|${context}`;
    const limits = opened.estimator.limits.map(({ limitWatts, estimator }) => ({
      limitWatts,
      rows: new Map(
        rowsOf({ side: opened.side, estimator }, layout, query)
          .map((row) => [keyOf(row), row]),
      ),
    }));
    return rowsOf(opened, layout, query).map((row): BruteRow => {
      const found = limits.map(({ limitWatts, rows }) => {
        const at = rows.get(keyOf(row));
        return at && { limitWatts, ms: at.phases.map(({ ms }) => ms) };
      });
      const missing = found.indexOf(undefined);
      return {
        ...row,
        limits: found.slice(0, missing < 0 ? found.length : missing)
          .filter((one) => one !== undefined),
      };
    });
  });
}

type Unlimited = Omit<BruteRow, "limits">;

function rowsOf(
  opened: OpenedLayout,
  layout: number,
  query: FleetQuery,
): Unlimited[] {
  switch (opened.side) {
    case "prefill":
      return prefillRows(opened, layout, query);
    case "decode":
      return decodeRows(opened, layout, query);
    case "agg":
      return aggRows(opened, layout, query);
  }
}

function ranks({ estimator: { engineCase: { layout } } }: OpenedLayout) {
  return layout.dp * layout.pp;
}

function sums(opened: OpenedLayout): PhaseSums {
  const { output } = opened.estimator.program;
  return {
    totalMs: output[POWER.totalMs] ?? NaN,
    clockMs: output[POWER.clockMs] ?? NaN,
    energyWms: output[POWER.highEnergyWms] ?? NaN,
    clockEnergyWms: output[POWER.highClockEnergyWms] ?? NaN,
  };
}

function common(opened: OpenedLayout, layout: number) {
  return {
    side: opened.side,
    layout,
    gpus: opened.estimator.gpusPerReplica,
    smVersion: opened.estimator.system.smVersion,
  };
}

/** R18: achieved ÷ (1000 / isolated TTFT) stays below the threshold, rank by rank. */
function mostRateOf(opened: OpenedLayout, query: FleetQuery): number {
  if (query.maxThetaPrefill === undefined) return Infinity;
  const { program } = opened.estimator;
  if (program.prefill(1, query.isl, query.prefix ?? 0) !== 0) return Infinity;
  const [alone = NaN] = program.output;
  const corrections = query.corrections ?? AIC;
  const isolated = alone * corrections.prefillLatency *
    gate(query.coefficients?.ttft);
  return query.maxThetaPrefill * ranks(opened) * 1000 / isolated;
}

function admits(
  { estimator }: OpenedLayout,
  query: FleetQuery,
  batch: number,
): boolean {
  const most = query.maxThetaDecode;
  if (most === undefined) return true;
  let tokens = 0;
  try {
    tokens = estimator.kvCapacityTokens({
      maxBatchedTokens: 8192,
      isl: query.isl,
    });
  } catch {
    // Nothing is left for the cache.
  }
  const theta = batch * (query.isl + query.osl / 2) / tokens;
  return Math.min(1, theta) <= most;
}

function prefillRows(
  opened: OpenedLayout,
  layout: number,
  query: FleetQuery,
): Unlimited[] {
  const { isl, osl, prefix = 0 } = query;
  const { estimator } = opened;
  const { program } = estimator;
  const corrections = query.corrections ?? AIC;
  const mostRate = mostRateOf(opened, query);
  const c = gate(query.coefficients?.ttft);
  return PREFILL.flatMap((batch): Unlimited[] => {
    if (batch > 1 && batch * (isl - prefix) > 8192) return [];
    const memory = { batchSize: batch, isl, osl, prefix };
    if (!estimator.memory("static_ctx", memory).fits) return [];
    if (program.prefill(batch, isl, prefix) !== 0) return [];
    const [ms = NaN] = program.output;
    program.powerSums("context", batch, isl, prefix, 1);
    return [{
      ...common(opened, layout),
      batch,
      mostRate,
      phases: [{ ms, sums: sums(opened) }],
      measure([slow = 1]) {
        const pass = ms * slow * corrections.prefillLatency * c;
        return {
          ttftMs: pass * corrections.ttftQueueing,
          itlMs: 0,
          rate: batch * ranks(opened) * 1000 / pass * corrections.prefillRate,
        };
      },
    }];
  });
}

function decodeRows(
  opened: OpenedLayout,
  layout: number,
  query: FleetQuery,
): Unlimited[] {
  const { isl, osl, prefix = 0 } = query;
  const { estimator } = opened;
  const { program } = estimator;
  const corrections = query.corrections ?? AIC;
  const drafts = estimator.engineCase.nextn ?? 0;
  const c = gate(query.coefficients?.itl);
  return DECODE.flatMap((batch): Unlimited[] => {
    const memory = { batchSize: batch, isl, osl, prefix };
    if (!estimator.memory("static_gen", memory).fits) return [];
    if (!admits(opened, query, batch)) return [];
    const requests = batch * (drafts + 1);
    if (program.decodeAll(requests, isl, osl, STRIDE) !== 0) return [];
    const ms = program.output[3] ?? NaN;
    const middle = isl + Math.floor(osl / 2);
    if (program.decode(requests, middle) !== 0) return [];
    program.powerSums("generation", requests, middle, 0, 1);
    return [{
      ...common(opened, layout),
      batch,
      mostRate: Infinity,
      phases: [{ ms, sums: sums(opened) }],
      measure([slow = 1]) {
        const all = ms * slow * corrections.decodeLatency * c;
        return {
          ttftMs: 0,
          itlMs: all / (osl - 1),
          rate: batch * ranks(opened) * 1000 / all * corrections.decodeRate,
        };
      },
    }];
  });
}

/** How often each kind of step runs, and what a request waits (§7.4). */
function scheduleOf(
  { batch: b, context: c, isl, osl, vllm }: {
    readonly batch: number;
    readonly context: number;
    readonly isl: number;
    readonly osl: number;
    readonly vllm: boolean;
  },
) {
  const finish = Math.ceil(isl * b / c);
  const queueing = vllm
    ? b <= 1 ? 1 : Math.min(1 + Math.log2(b) / 8, 2)
    : Math.min(2 + (finish - 3) / 20, 4);
  if (b === 1) {
    return { mixed: 1, generation: Math.max(osl - 1, 0), counted: 0, queueing };
  }
  if (finish >= osl) {
    return { mixed: finish, generation: 0, counted: finish, queueing };
  }
  const counted = vllm ? finish : Math.max(1, finish - 3);
  return { mixed: finish, generation: osl - finish, counted, queueing };
}

function aggRows(
  opened: OpenedLayout,
  layout: number,
  query: FleetQuery,
): Unlimited[] {
  const { isl, osl, prefix = 0 } = query;
  const { estimator } = opened;
  const { program } = estimator;
  const corrections = query.corrections ?? AIC;
  const drafts = estimator.engineCase.nextn ?? 0;
  const vllm = estimator.engineCase.backend === "vllm";
  const dispatch = vllm
    ? corrections.vllmDispatchMsPerLayer * estimator.layers
    : 0;
  const mostRate = mostRateOf(opened, query);
  const cTtft = gate(query.coefficients?.ttft);
  const cItl = gate(query.coefficients?.itl);
  const rows: Unlimited[] = [];
  for (const context of contextSizes(isl)) {
    for (const batch of AGGREGATED) {
      const prompts = Math.ceil(context / isl);
      if (batch < prompts || (batch > 1 && batch - prompts < 1)) continue;
      const step = { batchSize: batch, isl, osl, prefix };
      const memory = { ...step, contextTokens: context };
      if (!estimator.memory("agg", memory).fits) continue;
      if (!admits(opened, query, batch)) continue;
      const status = program.aggregated(
        ...[batch, context, isl, osl, prefix, drafts] as const,
        ...[vllm, dispatch] as const,
      );
      if (status !== 0) continue;
      const [, , , , , , mixedMs = NaN, generationMs = NaN, , , alone = NaN] =
        program.output;
      program.mixedPowerSums(context, alone, isl, osl, prefix, drafts);
      const mixedSums = sums(opened);
      const plan = scheduleOf({ batch, context, isl, osl, vllm });
      const phases = [{ ms: mixedMs, sums: mixedSums }];
      if (plan.generation > 0) {
        program.generationPowerSums(batch, isl, osl, drafts);
        phases.push({ ms: generationMs, sums: sums(opened) });
      }
      rows.push({
        ...common(opened, layout),
        batch,
        context,
        mostRate,
        phases,
        measure([slow = 1, slowGeneration = 1]) {
          const mixed = mixedMs * slow;
          const generation = generationMs * slowGeneration;
          const queueing = corrections.ttftQueueing === 1 ? 1 : plan.queueing;
          const ttft = (mixed * Math.ceil(isl / context) + dispatch) * queueing;
          const counted = plan.counted + plan.generation;
          const tpot = counted === 0
            ? 0
            : (mixed * plan.counted + generation * plan.generation) / counted;
          const request = ttft + tpot * (osl - 1);
          const total = plan.mixed * mixed + plan.generation * generation;
          let tokens = 1000 / total * batch * (osl - 1);
          if (vllm) {
            tokens = Math.min(tokens, batch * (osl - 1) * 1000 / request);
          }
          return {
            ttftMs: ttft * cTtft,
            itlMs: tpot * cItl,
            rate: tokens / (osl - 1) * ranks(opened) / cItl,
          };
        },
      });
    }
  }
  return rows;
}
