/** The rows of a query: every layout of every side at every batch that its memory holds. @module */

import type { EngineEstimator } from "../engine_estimator.ts";
import type { SearchHost } from "../program/search_host.ts";
import { STATUS } from "../program/wasm_exports.ts";
import {
  AGG_BATCHES,
  batchFitsContext,
  contextTokenSizes,
  DECODE_BATCHES,
  prefillBatches,
} from "./batches.ts";
import type { FleetQuery, WorkerSide } from "./question.ts";

/** An opened layout of one side; its place in the list is its number in the module. */
export interface OpenedLayout {
  readonly side: WorkerSide;
  readonly estimator: EngineEstimator;
}

/** What filling the rows found out beside them. */
export interface RowsReport {
  readonly rows: number;
  /** Memory of the layout that came nearest to holding one request, where none held any. */
  readonly nearestMemory:
    | { readonly neededBytes: number; readonly availableBytes: number }
    | undefined;
  /** The module had no room for all rows. */
  readonly overflow: boolean;
  /** Rows that the tables could not answer, and the first operator's reason. */
  readonly notMeasured: number;
  /** Rows that admission thresholds forbid. */
  readonly refusedByAdmission: number;
}

/** Largest step whose activations the KV capacity of an admission threshold leaves room for. */
const MOST_BATCHED_TOKENS = 8192;

/** Data parallel ranks × pipeline stages: batches of a replica that run at once. */
export function ranksOf({ engineCase }: EngineEstimator): number {
  return engineCase.layout.dp * engineCase.layout.pp;
}

/** Implied admission threshold of a decode batch (R18). */
export function thetaDecodeOf(
  estimator: EngineEstimator,
  { isl, osl }: Pick<FleetQuery, "isl" | "osl">,
  batchSize: number,
): number {
  const tokens = estimator.kvCapacityTokens({
    maxBatchedTokens: MOST_BATCHED_TOKENS,
    isl,
  });
  return Math.min(1, batchSize * (isl + osl / 2) / tokens);
}

/** Asks the model for every row; the setting window must be written. */
export function fillRows(
  search: SearchHost,
  layouts: readonly OpenedLayout[],
  query: FleetQuery,
): RowsReport {
  search.clearRows();
  const filler = new RowFiller(search, query);
  const numbers: Record<WorkerSide, number> = { prefill: 0, decode: 0, agg: 0 };
  for (const { side, estimator } of layouts) {
    filler.fill(side, estimator, numbers[side]++);
  }
  return filler.report();
}

class RowFiller {
  readonly #search: SearchHost;
  readonly #query: FleetQuery;
  #rows = 0;
  #fits = 0;
  #overflow = false;
  #notMeasured = 0;
  #refusedByAdmission = 0;
  #nearest: RowsReport["nearestMemory"];

  constructor(search: SearchHost, query: FleetQuery) {
    this.#search = search;
    this.#query = query;
  }

  report(): RowsReport {
    return {
      rows: this.#rows,
      nearestMemory: this.#fits === 0 ? this.#nearest : undefined,
      overflow: this.#overflow,
      notMeasured: this.#notMeasured,
      refusedByAdmission: this.#refusedByAdmission,
    };
  }

  fill(side: WorkerSide, estimator: EngineEstimator, layout: number): void {
    const { isl, prefix = 0 } = this.#query;
    switch (side) {
      case "prefill": {
        const mostRate = this.#mostPrefillRate(estimator);
        for (const batch of prefillBatches(isl - prefix)) {
          if (!this.#holds(estimator, "static_ctx", batch, 0)) return;
          this.#add(side, estimator, { layout, batch, mostRate });
        }
        return;
      }
      case "decode":
        for (const batch of DECODE_BATCHES) {
          if (!this.#holds(estimator, "static_gen", batch, 0)) return;
          if (!this.#admits(estimator, batch)) return;
          this.#add(side, estimator, { layout, batch, mostRate: Infinity });
        }
        return;
      case "agg": {
        const mostRate = this.#mostPrefillRate(estimator);
        for (const contextTokens of contextTokenSizes(isl)) {
          for (const batch of AGG_BATCHES) {
            if (!batchFitsContext(batch, contextTokens, isl)) continue;
            if (!this.#holds(estimator, "agg", batch, contextTokens)) break;
            if (!this.#admits(estimator, batch)) break;
            this.#add(side, estimator, {
              layout,
              batch,
              mostRate,
              contextTokens,
            });
          }
        }
      }
    }
  }

  #holds(
    estimator: EngineEstimator,
    kind: "static_ctx" | "static_gen" | "agg",
    batchSize: number,
    contextTokens: number,
  ): boolean {
    const { isl, osl, prefix = 0 } = this.#query;
    const memory = estimator.memory(kind, {
      batchSize,
      isl,
      osl,
      prefix,
      contextTokens,
    });
    if (memory.fits) {
      this.#fits++;
      return true;
    }
    const capacity = estimator.system.memoryCapacityBytes;
    const fixed = memory.totalBytes - memory.kvBytes;
    const neededBytes = memory.totalBytes;
    const availableBytes = Math.min(capacity, fixed + memory.kvBudgetBytes);
    const missing = neededBytes - availableBytes;
    const nearest = this.#nearest;
    if (
      !nearest || missing < nearest.neededBytes - nearest.availableBytes
    ) this.#nearest = { neededBytes, availableBytes };
    return false;
  }

  #admits(estimator: EngineEstimator, batch: number): boolean {
    const most = this.#query.maxThetaDecode;
    if (most === undefined) return true;
    if (thetaDecodeOf(estimator, this.#query, batch) <= most) return true;
    this.#refusedByAdmission++;
    return false;
  }

  /** R18: requests per second of a replica ÷ what one request after the other would do must stay below the threshold. */
  #mostPrefillRate(estimator: EngineEstimator): number {
    const most = this.#query.maxThetaPrefill;
    if (most === undefined) return Infinity;
    const alone = isolatedPrefillMs(estimator, this.#query);
    if (alone === undefined) return Infinity;
    return most * ranksOf(estimator) * 1000 / alone;
  }

  #add(
    side: WorkerSide,
    estimator: EngineEstimator,
    row: {
      readonly layout: number;
      readonly batch: number;
      readonly mostRate: number;
      readonly contextTokens?: number;
    },
  ): void {
    if (this.#overflow) return;
    const status = this.#search.addRow({
      contextTokens: 0,
      ...row,
      side,
      program: estimator.program.address,
      gpus: estimator.gpusPerReplica,
      ranks: ranksOf(estimator),
    });
    if (status === STATUS.ok) this.#rows++;
    else if (status < 0) this.#overflow = true;
    else this.#notMeasured++;
  }
}

/** Corrected prefill of one request that has the worker for itself, ms; undefined where the tables have no answer. */
export function isolatedPrefillMs(
  { program }: EngineEstimator,
  { isl, prefix = 0, coefficients, corrections }: FleetQuery,
): number | undefined {
  if (program.prefill(1, isl, prefix) !== STATUS.ok) return undefined;
  const [ms = 0] = program.output;
  return ms * (corrections?.prefillLatency ?? 1.1) *
    Math.max(1, coefficients?.ttft ?? 1);
}
