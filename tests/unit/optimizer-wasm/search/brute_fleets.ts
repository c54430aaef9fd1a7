/** Every count of every pair of options, compared in the documented order (R16, R16a). @module */

import type {
  FleetQuery,
  WorkerSide,
} from "../../../../optimizer-wasm/search/mod.ts";
import type { BruteOption } from "./brute_options.ts";

/** One fleet. */
export interface BruteFleet {
  readonly options: readonly BruteOption[];
  readonly counts: readonly number[];
  readonly value: number;
  readonly gpus: number;
  readonly watts: number;
}

/** Relative differences up to this are rounding. */
const ROUNDING = 1e-12;
/** No single fleet of a test has more replicas. */
const MOST = 400;

type Key = (fleet: BruteFleet) => number;

/** What is maximised, one after the other. */
function order(query: FleetQuery): readonly Key[] {
  const value: Key = (fleet) => fleet.value;
  const watts: Key = (fleet) => -fleet.watts;
  const gpus: Key = (fleet) => -fleet.gpus;
  if (query.objective === "efficiency") {
    const each: Key = (fleet) =>
      fleet.watts > 0 ? fleet.value / fleet.watts : 0;
    return [each, value, watts, gpus];
  }
  return query.requestRate === undefined
    ? [value, gpus, watts]
    : [value, watts, gpus];
}

function compare(a: number, b: number): number {
  if (Math.abs(a - b) <= ROUNDING * Math.max(Math.abs(a), Math.abs(b))) {
    return 0;
  }
  return a - b;
}

/** Keeps the best of one pair of layouts: all that tie with the first key, sifted by the others at the end. */
class Sieve {
  #top = -Infinity;
  #near: BruteFleet[] = [];
  readonly #keys: readonly Key[];

  constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  add(fleet: BruteFleet): void {
    const [first = () => 0] = this.#keys;
    const value = first(fleet);
    if (compare(value, this.#top) < 0) return;
    if (value > this.#top) {
      this.#top = value;
      this.#near = this.#near.filter((one) =>
        compare(first(one), this.#top) >= 0
      );
    }
    this.#near.push(fleet);
    if (this.#near.length > 20_000) this.#near = this.best();
  }

  best(): BruteFleet[] {
    return this.#keys.reduce((left, key) => {
      const most = left.reduce(
        (top, one) => Math.max(top, key(one)),
        -Infinity,
      );
      return left.filter((one) => compare(key(one), most) >= 0);
    }, this.#near);
  }
}

/** Of options of one layout under one cap the fastest: the others cannot be better in anything counted here. */
function fastest(options: readonly BruteOption[]): BruteOption[] {
  const best = new Map<string, BruteOption>();
  for (const option of options) {
    const key = `${option.row.layout}|${option.capWatts}`;
    if (!(option.rate <= (best.get(key)?.rate ?? 0))) best.set(key, option);
  }
  return [...best.values()];
}

/** The best fleet of each pair of layouts, best first. */
export function bruteFleets(
  kinds: readonly (readonly WorkerSide[])[],
  options: readonly BruteOption[],
  context: {
    readonly query: FleetQuery;
    /** sglang exchanges caches rank by rank: both sides have the same tp. */
    readonly tpOf?: (option: BruteOption) => number;
  },
): BruteFleet[] {
  const { query, tpOf } = context;
  const keys = order(query);
  const sieves = new Map<string, Sieve>();
  for (const sides of kinds) {
    const [first = [], second] = sides.map((side) =>
      fastest(options.filter((option) => option.row.side === side))
    );
    for (const a of first) {
      for (const b of second ?? [undefined]) {
        if (b && tpOf && tpOf(a) !== tpOf(b)) continue;
        const name = `${sides.join()}|${a.row.layout}|${b?.row.layout}`;
        const sieve = sieves.get(name) ?? new Sieve(keys);
        sieves.set(name, sieve);
        for (const fleet of countsOf(a, b, query)) sieve.add(fleet);
      }
    }
  }
  const bests = [...sieves.values()].flatMap((one) => one.best().slice(0, 1));
  return bests.sort((a, b) => {
    for (const key of keys) {
      const sign = compare(key(b), key(a));
      if (sign !== 0) return sign;
    }
    return 0;
  });
}

function* countsOf(
  a: BruteOption,
  b: BruteOption | undefined,
  query: FleetQuery,
): Generator<BruteFleet> {
  const { floors, ceilings } = query;
  const mostGpus = query.totalGpus ?? Infinity;
  const mostWatts = query.budgetWatts ?? Infinity;
  const demand = query.requestRate ?? Infinity;
  const floor = (side: WorkerSide) => floors?.[side] ?? 1;
  const ceiling = (side: WorkerSide) => ceilings?.[side] ?? Infinity;
  for (let n = floor(a.row.side); n <= ceiling(a.row.side); n++) {
    if (n * a.gpus > mostGpus || n * a.watts > mostWatts || n > MOST) break;
    if (b === undefined) {
      const served = Math.min(n * a.rate, demand);
      // AIC does not count the first token of an aggregated worker; a given demand is the same for both.
      const weight = a.row.side === "agg" && query.requestRate === undefined
        ? (query.osl - 1) / query.osl
        : 1;
      yield {
        options: [a],
        counts: [n],
        value: served * weight,
        gpus: n * a.gpus,
        watts: n * a.watts,
      };
      continue;
    }
    for (let m = floor(b.row.side); m <= ceiling(b.row.side); m++) {
      const gpus = n * a.gpus + m * b.gpus;
      const watts = n * a.watts + m * b.watts;
      if (gpus > mostGpus || watts > mostWatts || m > MOST) break;
      const value = Math.min(n * a.rate, m * b.rate, demand);
      yield { options: [a, b], counts: [n, m], value, gpus, watts };
    }
  }
}
