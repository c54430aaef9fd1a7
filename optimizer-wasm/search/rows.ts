/** The rows of a query: every layout of every side at every batch that its memory holds. @module */

import { WattkeeperError } from "../../service/mod.ts";
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
import type { BySide, FleetQuery, WorkerSide } from "./question.ts";

/** An opened layout of one side; its place in the list is its number in the module. */
export interface OpenedLayout {
  readonly side: WorkerSide;
  readonly estimator: EngineEstimator;
}

/** How far a layout is from holding one request. */
export interface MemoryMiss {
  readonly neededBytes: number;
  readonly availableBytes: number;
}

/** What filling the rows found out beside them. */
export interface RowsReport {
  readonly rows: number;
  /** Memory of the layout that came nearest to holding one request, for sides where none held any. */
  readonly nearestMemory: BySide<MemoryMiss>;
  /** The module had no room for all rows. */
  readonly overflow: boolean;
  /** Rows by side; a side without any cannot be searched. */
  readonly rowsBySide: Readonly<Record<WorkerSide, number>>;
  /** Why the first row that the tables could not answer was refused, by side. */
  readonly missBySide: BySide<WattkeeperError>;
  /** Rows that admission thresholds forbid. */
  readonly refusedByAdmission: number;
}

const MEMORY_KIND = {
  prefill: "static_ctx",
  decode: "static_gen",
  agg: "agg",
} as const;

/** Largest step whose activations the KV capacity of an admission threshold leaves room for. */
const MOST_BATCHED_TOKENS = 8192;

/** Data parallel ranks × pipeline stages: batches of a replica that run at once. */
export function ranksOf({ engineCase }: EngineEstimator): number {
  return engineCase.layout.dp * engineCase.layout.pp;
}

/** Implied admission threshold of a decode batch (R18); 1 where a full step leaves no room for a cache. */
export function thetaDecodeOf(
  estimator: EngineEstimator,
  { isl, osl }: Pick<FleetQuery, "isl" | "osl">,
  batchSize: number,
): number {
  const tokens = kvTokensOf(estimator, isl);
  return tokens > 0 ? Math.min(1, batchSize * (isl + osl / 2) / tokens) : 1;
}

function kvTokensOf(estimator: EngineEstimator, isl: number): number {
  try {
    return estimator.kvCapacityTokens({
      maxBatchedTokens: MOST_BATCHED_TOKENS,
      isl,
    });
  } catch (error) {
    if (error instanceof WattkeeperError && error.code === "out_of_memory") {
      return 0;
    }
    throw error;
  }
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
  readonly #fits = new Set<WorkerSide>();
  #overflow = false;
  readonly #rowsBySide: Record<WorkerSide, number> = {
    prefill: 0,
    decode: 0,
    agg: 0,
  };
  readonly #missBySide: Partial<Record<WorkerSide, WattkeeperError>> = {};
  #refusedByAdmission = 0;
  readonly #nearest: Partial<Record<WorkerSide, MemoryMiss>> = {};

  constructor(search: SearchHost, query: FleetQuery) {
    this.#search = search;
    this.#query = query;
  }

  report(): RowsReport {
    return {
      rows: this.#rows,
      nearestMemory: this.#nearest,
      overflow: this.#overflow,
      rowsBySide: this.#rowsBySide,
      missBySide: this.#missBySide,
      refusedByAdmission: this.#refusedByAdmission,
    };
  }

  fill(side: WorkerSide, estimator: EngineEstimator, layout: number): void {
    const { isl, prefix = 0 } = this.#query;
    switch (side) {
      case "prefill": {
        const mostRate = this.#mostPrefillRate(estimator);
        for (const batch of prefillBatches(isl - prefix)) {
          if (!this.#holds(side, estimator, { batch, contextTokens: 0 })) {
            return;
          }
          this.#add(side, estimator, { layout, batch, mostRate });
        }
        return;
      }
      case "decode":
        for (const batch of DECODE_BATCHES) {
          if (!this.#holds(side, estimator, { batch, contextTokens: 0 })) {
            return;
          }
          if (!this.#admits(estimator, batch)) return;
          this.#add(side, estimator, { layout, batch, mostRate: Infinity });
        }
        return;
      case "agg": {
        const mostRate = this.#mostPrefillRate(estimator);
        for (const contextTokens of contextTokenSizes(isl)) {
          for (const batch of AGG_BATCHES) {
            if (!batchFitsContext(batch, contextTokens, isl)) continue;
            if (!this.#holds(side, estimator, { batch, contextTokens })) break;
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
    side: WorkerSide,
    estimator: EngineEstimator,
    row: { readonly batch: number; readonly contextTokens: number },
  ): boolean {
    const { isl, osl, prefix = 0 } = this.#query;
    const memory = estimator.memory(MEMORY_KIND[side], {
      batchSize: row.batch,
      isl,
      osl,
      prefix,
      contextTokens: row.contextTokens,
    });
    if (memory.fits) {
      this.#fits.add(side);
      delete this.#nearest[side];
      return true;
    }
    if (this.#fits.has(side)) return false;
    const capacity = estimator.system.memoryCapacityBytes;
    const fixed = memory.totalBytes - memory.kvBytes;
    const neededBytes = memory.totalBytes;
    const availableBytes = Math.min(capacity, fixed + memory.kvBudgetBytes);
    const nearest = this.#nearest[side];
    const missing = neededBytes - availableBytes;
    if (
      !nearest || missing < nearest.neededBytes - nearest.availableBytes
    ) this.#nearest[side] = { neededBytes, availableBytes };
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
    if (status === STATUS.ok) {
      this.#rows++;
      this.#rowsBySide[side]++;
    } else if (status < 0) this.#overflow = true;
    else {
      this.#missBySide[side] ??= estimator.refusal(
        status,
        side === "decode" ? "generation" : "context",
      );
    }
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
