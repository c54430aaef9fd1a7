/** The module's fleet search from TypeScript: its setting window, its rows, and the fleets that it ranks. @module */

import type { Address, WasmExports } from "./wasm_exports.ts";

/** Sides as `assembly/search/option.ts` numbers them. */
export const SIDE = { prefill: 0, decode: 1, agg: 2 } as const;
/** Cap modes as `assembly/search/setting.ts` numbers them. */
export const CAPS = { own_draw: 0, free: 1, none: 2, fixed: 3 } as const;

/** Slots of the setting window, in the order of `assembly/search/setting.ts`. */
export const SETTING = {
  ttftMs: 0,
  itlMs: 1,
  isl: 2,
  osl: 3,
  prefix: 4,
  prefillLatency: 5,
  ttftQueueing: 6,
  decodeLatency: 7,
  prefillRate: 8,
  decodeRate: 9,
  cTtft: 10,
  cItl: 11,
  cPower: 12,
  capMode: 15,
  fixedCap: 16,
  minWatts: 19,
  maxWatts: 20,
  tdpWatts: 21,
  lowestRatio: 22,
  voltageFloor: 25,
  voltageSlope: 26,
  clockStep: 27,
  lowestClock: 28,
  errors: 29,
  mostGpus: 33,
  mostWatts: 34,
  demand: 35,
  efficiency: 36,
  drafts: 37,
  vllm: 38,
  dispatchMs: 39,
  floors: 40,
  ceilings: 43,
  prefillShare: 46,
  decodeShare: 47,
  staticWatts: 48,
} as const;

/** Layouts of one side that the module has room for. */
export const MOST_LAYOUTS = 128;
const SETTING_SLOTS = 49;
const OPTION_BYTES = 144;

/** One replica at a batch under a cap (`assembly/search/option.ts`). */
export interface SearchOption {
  readonly capWatts: number;
  readonly watts: number;
  readonly gpus: number;
  /** Requests per second of the replica. */
  readonly rate: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  readonly predictedWatts: number;
  readonly drawWatts: number;
  /** Relative to the uncapped one; 0 where the time at the cap was measured. */
  readonly clock: number;
  readonly error: number;
  readonly contextTokens: number;
  /** Shares of the time by the source of its watts. */
  readonly measured: number;
  readonly borrowed: number;
  readonly modelled: number;
  readonly batch: number;
  /** Index of its layout among those of its side. */
  readonly layout: number;
  readonly flags: number;
}

/** A ranked fleet: one option and count, or two. */
export interface SearchFleet {
  readonly side: number;
  readonly options:
    | readonly [SearchOption]
    | readonly [
      SearchOption,
      SearchOption,
    ];
  readonly counts: readonly number[];
  readonly served: number;
  readonly gpus: number;
  readonly watts: number;
}

/** Which kinds of fleet a search ranks. */
export interface FleetKinds {
  readonly disagg: boolean;
  readonly prefill: boolean;
  readonly decode: boolean;
  readonly agg: boolean;
}

/** Lowest figures of any row, at the pessimistic end of the declared error; infinite where there is none. */
export interface NearestMisses {
  readonly prefillTtftMs: number;
  readonly decodeItlMs: number;
  readonly aggTtftMs: number;
  readonly aggItlMs: number;
  /** Lowest TTFT of aggregated workers that meet the ITL target, and the other way round. */
  readonly aggTtftBesideItlMs: number;
  readonly aggItlBesideTtftMs: number;
  /** Lowest caps that any clock keeps, where a given cap is below all of them. */
  readonly capWatts: Readonly<Record<keyof typeof SIDE, number>>;
}

/** One row's question. */
export interface RowQuestion {
  readonly program: Address;
  readonly side: keyof typeof SIDE;
  readonly layout: number;
  readonly gpus: number;
  /** Data parallel ranks × pipeline stages. */
  readonly ranks: number;
  readonly batch: number;
  readonly contextTokens: number;
  /** Most requests per second of the replica that admission lets through. */
  readonly mostRate: number;
}

/** A row at a lower power limit. */
export interface RowLimit {
  readonly limitWatts: number;
  /** The prefill pass, all decode steps, or a mixed step, and its mean draw. */
  readonly milliseconds: number;
  readonly watts: number;
  /** A step of decode requests alone of an aggregated worker; 0 elsewhere. */
  readonly generationMs: number;
  readonly generationWatts: number;
}

/** The search of one module instance. One at a time: rows and fleets live in the module until the next one. */
export class SearchHost {
  /** Whose rows the module holds. */
  owner: unknown;
  readonly #wasm: WasmExports;

  constructor(wasm: WasmExports) {
    this.#wasm = wasm;
  }

  #doubles(address: Address, count: number): Float64Array {
    return new Float64Array(this.#wasm.memory.buffer, address, count);
  }

  /** The setting window; write it before rows are added and again before a search that differs. */
  setting(): Float64Array {
    return this.#doubles(this.#wasm.searchSetting(), SETTING_SLOTS);
  }

  /** Group of each layout of a side; prefill and decode of one fleet share it, 0 goes with any. */
  setGroups(side: keyof typeof SIDE, groups: readonly number[]): void {
    this.#doubles(this.#wasm.layoutGroups(), 3 * MOST_LAYOUTS)
      .set(groups, SIDE[side] * MOST_LAYOUTS);
  }

  clearRows(): void {
    this.#wasm.clearRows();
  }

  /** @returns a status of `STATUS`, or -1 when there is no room */
  addRow(row: RowQuestion): number {
    return this.#wasm.addRow(
      row.program,
      SIDE[row.side],
      row.layout,
      row.gpus,
      row.ranks,
      row.batch,
      row.contextTokens,
      row.mostRate,
    );
  }

  /**
   * Says what the row added last does at a lower power limit (R17); limits come in falling order.
   *
   * @returns false when there is no room
   */
  addRowLimit(limit: RowLimit): boolean {
    return this.#wasm.addRowLimit(
      limit.limitWatts,
      limit.milliseconds,
      limit.generationMs,
      limit.watts,
      limit.generationWatts,
    ) !== 0;
  }

  /** Makes options of one side's rows alone; false when there were more than the module has room for. */
  expand(side: keyof typeof SIDE): boolean {
    return this.#wasm.expandSide(SIDE[side]) === 0;
  }

  /** Makes options of all rows and ranks fleets; false when there were more than the module has room for. */
  search(kinds: FleetKinds, top: number): boolean {
    const flag = (value: boolean) => value ? 1 : 0;
    return this.#wasm.search(
      flag(kinds.disagg),
      flag(kinds.prefill),
      flag(kinds.decode),
      flag(kinds.agg),
      top,
    ) === 0;
  }

  /** The fleets of the last search, best first. */
  ranked(): SearchFleet[] {
    return Array.from(
      { length: this.#wasm.rankedCount() },
      (_, index) => this.#fleet(index),
    );
  }

  #fleet(index: number): SearchFleet {
    const address = this.#wasm.rankedAt(index);
    const words = new Int32Array(this.#wasm.memory.buffer, address, 5);
    const [
      firstCount = 0,
      secondCount = 0,
      ,
      served = 0,
      ,
      gpus = 0,
      watts = 0,
    ] = this.#doubles(address + 24, 8);
    const first = this.#option(this.#wasm.rankedOption(index, 0));
    const isPair = (words[2] ?? -1) >= 0;
    return {
      side: words[0] ?? 0,
      options: isPair
        ? [first, this.#option(this.#wasm.rankedOption(index, 1))]
        : [first],
      counts: isPair ? [firstCount, secondCount] : [firstCount],
      served,
      gpus,
      watts,
    };
  }

  /** Every option of a side that another one of its layout does not beat. */
  options(side: keyof typeof SIDE): SearchOption[] {
    const table = this.#wasm.optionTable(SIDE[side]);
    return Array.from(
      { length: this.#wasm.optionCount(SIDE[side]) },
      (_, index) => this.#option(table + index * OPTION_BYTES),
    );
  }

  #option(address: Address): SearchOption {
    const at = this.#doubles(address, 14);
    const words = new Int32Array(this.#wasm.memory.buffer, address + 112, 3);
    const number = (slot: number) => at[slot] ?? 0;
    return {
      capWatts: number(0),
      watts: number(1),
      gpus: number(2),
      rate: number(3),
      ttftMs: number(4),
      itlMs: number(5),
      predictedWatts: number(6),
      drawWatts: number(7),
      clock: number(8),
      error: number(9),
      contextTokens: number(10),
      measured: number(11),
      borrowed: number(12),
      modelled: number(13),
      batch: words[0] ?? 0,
      layout: words[1] ?? 0,
      flags: words[2] ?? 0,
    };
  }

  /** How near rows come to targets that none of them meets; of one group alone where it is not 0. */
  nearestMisses(group: number): NearestMisses {
    this.#wasm.noteMisses(group);
    const at = this.#doubles(this.#wasm.nearestMisses(), 9);
    const number = (slot: number) => at[slot] ?? Infinity;
    return {
      prefillTtftMs: number(0),
      decodeItlMs: number(1),
      aggTtftMs: number(2),
      aggItlMs: number(3),
      aggTtftBesideItlMs: number(4),
      aggItlBesideTtftMs: number(5),
      capWatts: { prefill: number(6), decode: number(7), agg: number(8) },
    };
  }

  /** Options that were looked at. */
  candidates(): number {
    return this.#wasm.candidatesLooked();
  }
}
