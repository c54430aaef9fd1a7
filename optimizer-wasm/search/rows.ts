/** The rows of a query: every layout of every side at every batch that its memory holds. @module */

import { WattkeeperError } from "../../service/portable.ts";
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
import { figuresAtLimit } from "./limit_figures.ts";
import type { FleetQuery, WorkerSide } from "./question.ts";

/** An opened layout of one side; its place in the list is its number in the module. */
export interface OpenedLayout {
  readonly side: WorkerSide;
  readonly estimator: EngineEstimator;
}

/** What filling the rows of one side found out beside them. */
export interface SideReport {
  readonly rows: number;
  /** Memory of the batch that came nearest to fitting, where none fits. */
  readonly nearestMemory:
    | { readonly neededBytes: number; readonly availableBytes: number }
    | undefined;
  /** Lowest admission threshold that a row would have needed, where thresholds forbid rows. */
  readonly leastTheta: number | undefined;
  /** Why the tables have no answer to the first row that they refused. */
  readonly missing: WattkeeperError | undefined;
}

/** What filling the rows found out beside them. */
export interface RowsReport {
  readonly rows: number;
  /** The module had no room for all rows. */
  readonly overflow: boolean;
  /** @param group only layouts that go with this one, 0: all (sglang's tp, `aic-engine.md` §11.4) */
  of(side: WorkerSide, group: number): SideReport;
}

/** Largest step whose activations the KV capacity of an admission threshold leaves room for. */
const MOST_BATCHED_TOKENS = 8192;

/** Data parallel ranks × pipeline stages: batches of a replica that run at once. */
export function ranksOf({ engineCase }: EngineEstimator): number {
  return engineCase.layout.dp * engineCase.layout.pp;
}

/** Implied admission threshold of a decode batch (R18); 1 where the cache has no room beside a full step. */
export function thetaDecodeOf(
  estimator: EngineEstimator,
  { isl, osl }: Pick<FleetQuery, "isl" | "osl">,
  batchSize: number,
): number {
  const tokens = cacheTokens(estimator, isl);
  return tokens > 0 ? Math.min(1, batchSize * (isl + osl / 2) / tokens) : 1;
}

function cacheTokens(estimator: EngineEstimator, isl: number): number {
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

/** The report of one layout while it is made. */
interface Tally {
  rows: number;
  fits: boolean;
  nearestMemory: SideReport["nearestMemory"];
  leastTheta: number | undefined;
  missing: WattkeeperError | undefined;
}

const emptyTally = (): Tally => ({
  rows: 0,
  fits: false,
  nearestMemory: undefined,
  leastTheta: undefined,
  missing: undefined,
});

/** Layouts of a fleet go together when theirs are equal; 0 goes with any (sglang's tp, `aic-engine.md` §11.4). */
export function groupOf(
  side: WorkerSide,
  { engineCase: { backend, layout } }: EngineEstimator,
): number {
  return backend === "sglang" && side !== "agg" ? layout.tp : 0;
}

function sideReport(tallies: readonly Tally[]): SideReport {
  const all = emptyTally();
  for (const { rows, fits, nearestMemory, leastTheta, missing } of tallies) {
    all.rows += rows;
    all.fits ||= fits;
    if (
      nearestMemory &&
      shortOf(nearestMemory) < shortOf(all.nearestMemory)
    ) all.nearestMemory = nearestMemory;
    if (leastTheta !== undefined) {
      all.leastTheta = Math.min(all.leastTheta ?? 1, leastTheta);
    }
    all.missing ??= missing;
  }
  const { fits, nearestMemory, ...rest } = all;
  return { ...rest, nearestMemory: fits ? undefined : nearestMemory };
}

/** Bytes that are missing. */
function shortOf(memory: SideReport["nearestMemory"]): number {
  return memory ? memory.neededBytes - memory.availableBytes : Infinity;
}

class RowFiller {
  readonly #search: SearchHost;
  readonly #query: FleetQuery;
  readonly #tallies: {
    readonly side: WorkerSide;
    readonly group: number;
    readonly tally: Tally;
  }[] = [];
  #tally = emptyTally();
  #overflow = false;

  constructor(search: SearchHost, query: FleetQuery) {
    this.#search = search;
    this.#query = query;
  }

  report(): RowsReport {
    const tallies = this.#tallies;
    return {
      rows: tallies.reduce((sum, { tally }) => sum + tally.rows, 0),
      overflow: this.#overflow,
      of: (side, group) =>
        sideReport(
          tallies.filter((one) =>
            one.side === side &&
            (group === 0 || one.group === 0 || one.group === group)
          ).map(({ tally }) => tally),
        ),
    };
  }

  fill(side: WorkerSide, estimator: EngineEstimator, layout: number): void {
    const { isl, prefix = 0 } = this.#query;
    this.#tally = emptyTally();
    const group = groupOf(side, estimator);
    this.#tallies.push({ side, group, tally: this.#tally });
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

  #isWanted(
    row: { readonly batch: number; readonly contextTokens?: number },
  ): boolean {
    const { operatingPoint: only } = this.#query;
    return only === undefined ||
      row.batch === only.batchSize &&
        (only.contextTokens === undefined ||
          row.contextTokens === only.contextTokens);
  }

  #holds(
    estimator: EngineEstimator,
    kind: "static_ctx" | "static_gen" | "agg",
    batchSize: number,
    contextTokens: number,
  ): boolean {
    const { isl, osl, prefix = 0 } = this.#query;
    const held = estimator.memory(kind, {
      batchSize,
      isl,
      osl,
      prefix,
      contextTokens,
    });
    const tally = this.#tally;
    if (held.fits) {
      tally.fits = true;
      return true;
    }
    const capacity = estimator.system.memoryCapacityBytes;
    const fixed = held.totalBytes - held.kvBytes;
    const neededBytes = held.totalBytes;
    const availableBytes = Math.min(capacity, fixed + held.kvBudgetBytes);
    const memory = { neededBytes, availableBytes };
    if (shortOf(memory) < shortOf(tally.nearestMemory)) {
      tally.nearestMemory = memory;
    }
    return false;
  }

  #admits(estimator: EngineEstimator, batch: number): boolean {
    const most = this.#query.maxThetaDecode;
    if (most === undefined) return true;
    const theta = thetaDecodeOf(estimator, this.#query, batch);
    if (theta <= most) return true;
    this.#tally.leastTheta = Math.min(this.#tally.leastTheta ?? 1, theta);
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
    if (this.#overflow || !this.#isWanted(row)) return;
    const status = this.#search.addRow({
      contextTokens: 0,
      ...row,
      side,
      program: estimator.program.address,
      gpus: estimator.gpusPerReplica,
      ranks: ranksOf(estimator),
    });
    if (status === STATUS.ok) {
      this.#tally.rows++;
      this.#addLimits(side, estimator, row);
    } else if (status < 0) this.#overflow = true;
    else {
      const phase = side === "decode" ? "generation" : "context";
      this.#tally.missing ??= estimator.refusal(status, phase);
    }
  }

  /** What the row does at lower power limits, as far down as every operator was measured. */
  #addLimits(
    side: WorkerSide,
    { limits }: EngineEstimator,
    row: { readonly batch: number; readonly contextTokens?: number },
  ): void {
    for (const { limitWatts, estimator } of limits) {
      const figures = figuresAtLimit(estimator, side, {
        ...row,
        query: this.#query,
      });
      if (figures === undefined) return;
      if (this.#search.addRowLimit({ limitWatts, ...figures })) continue;
      this.#overflow = true;
      return;
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
