/** How long passes and steps take, from tables that ask the truth once for each place. @module */

import type { SimulatedSide } from "../cluster/mod.ts";
import type { EngineTruth } from "../world/mod.ts";

/** Between two lengths that are asked, tokens. Latency over length is close to piecewise linear. */
const KV_STEP = 128;
const MOST_KV_PLACES = 2_048;
const PASS_STEP = 64;
/** Length of the cached part at which attention to a cache is asked, tokens. */
const CACHED_TOKENS = 4_096;
/** A pass over many short prompts takes at least this share of one over a long one. */
const LEAST_PASS_SHARE = 0.25;
/** A draw above this is taken for this, watts. */
const MOST_WATTS = 4_096;
const MOST_LIMITS = 256;

/** A decode step by batch (exact) and mean length (linear between places, exact at them). The answer is in the fields. */
export class DecodeTable {
  milliseconds = 0;
  watts = 0;
  readonly #truth: EngineTruth;
  /** By batch: latency and draw, place after place; NaN: not asked yet. */
  readonly #rows: (Float64Array | undefined)[] = [];

  constructor(truth: EngineTruth) {
    this.#truth = truth;
  }

  ask(batch: number, kvTokens: number): void {
    const row = this.#rows[batch] ??= new Float64Array(2 * MOST_KV_PLACES)
      .fill(NaN);
    const exact = Math.min(MOST_KV_PLACES - 1.001, kvTokens / KV_STEP);
    const place = exact < 0 ? 0 : Math.floor(exact);
    const part = exact - place;
    const at = 2 * place;
    if (Number.isNaN(row[at]!)) this.#fill(row, batch, place);
    if (Number.isNaN(row[at + 2]!)) this.#fill(row, batch, place + 1);
    this.milliseconds = row[at]! + (row[at + 2]! - row[at]!) * part;
    this.watts = row[at + 1]! + (row[at + 3]! - row[at + 1]!) * part;
  }

  #fill(row: Float64Array, batch: number, place: number): void {
    const { milliseconds, watts } = this.#truth.decodeStep(
      batch,
      Math.max(1, place * KV_STEP),
    );
    row[2 * place] = milliseconds;
    row[2 * place + 1] = watts;
  }
}

/**
 * A prefill pass by the tokens that it computes (linear between places) and the attention pairs it has more or fewer
 * than one fresh prompt of as many tokens: chunks look back at what is cached, several prompts do not look at each other.
 */
export class PassTable {
  milliseconds = 0;
  watts = 0;
  readonly #truth: EngineTruth;
  readonly #places: Float64Array;

  constructor(truth: EngineTruth, mostTokens: number) {
    this.#truth = truth;
    this.#places = new Float64Array(3 * (Math.ceil(mostTokens / PASS_STEP) + 2))
      .fill(NaN);
  }

  /** @param pairs Σ new tokens · (cached tokens + half of the new ones) over the prompts of the pass */
  ask(tokens: number, pairs: number): void {
    const exact = tokens / PASS_STEP;
    const place = Math.floor(exact);
    const part = exact - place;
    const at = 3 * place;
    const places = this.#places;
    if (Number.isNaN(places[at]!)) this.#fill(place);
    if (Number.isNaN(places[at + 3]!)) this.#fill(place + 1);
    const alone = places[at]! + (places[at + 3]! - places[at]!) * part;
    const perPair = places[at + 2]! +
      (places[at + 5]! - places[at + 2]!) * part;
    this.watts = places[at + 1]! + (places[at + 4]! - places[at + 1]!) * part;
    this.milliseconds = Math.max(
      alone * LEAST_PASS_SHARE,
      alone + perPair * (pairs - tokens * tokens / 2),
    );
  }

  #fill(place: number): void {
    const tokens = Math.max(1, place * PASS_STEP);
    const alone = this.#truth.prefill(tokens);
    this.#places[3 * place] = alone.milliseconds;
    this.#places[3 * place + 1] = alone.watts;
    this.#places[3 * place + 2] = this.#perPair(Math.max(PASS_STEP, tokens));
  }

  /** Time of a new token's look at a cached one. */
  #perPair(tokens: number): number {
    const behind = this.#truth.prefillCached?.(
      tokens + CACHED_TOKENS,
      CACHED_TOKENS,
    );
    if (!behind) return 0;
    const more = behind.milliseconds -
      this.#truth.prefill(tokens).milliseconds;
    return Math.max(0, more) / (tokens * CACHED_TOKENS);
  }
}

/** Time at a limit ÷ time without, by whole watts wanted: exactly 1 up to the limit, linear between whole watts. */
export class SlowdownTables {
  readonly #truth: EngineTruth;
  readonly #known = new Map<string, Float64Array>();

  constructor(truth: EngineTruth) {
    this.#truth = truth;
  }

  /** The table of a limit; the least recently used are forgotten. */
  of(limitWatts: number, side: SimulatedSide): Float64Array {
    const key = `${side} ${limitWatts}`;
    const table = this.#known.get(key) ??
      new Float64Array(MOST_WATTS + 2).fill(NaN);
    this.#known.delete(key);
    this.#known.set(key, table);
    if (this.#known.size > MOST_LIMITS) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return table;
  }

  ask(
    table: Float64Array,
    limitWatts: number,
    wantedWatts: number,
    side: SimulatedSide,
  ): number {
    if (wantedWatts <= limitWatts) return 1;
    const wanted = Math.min(MOST_WATTS, wantedWatts);
    const place = Math.floor(wanted);
    const below = table[place]!;
    const from = below === below
      ? below
      : table[place] = this.#truth.slowdown(limitWatts, place, side);
    const above = table[place + 1]!;
    const to = above === above
      ? above
      : table[place + 1] = this.#truth.slowdown(limitWatts, place + 1, side);
    return from + (to - from) * (wanted - place);
  }
}
