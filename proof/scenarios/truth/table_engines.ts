/** The reference's engines, in closed form, with the one thing that it left out: draw and speed follow the cap in force (T5). @module */

import type {
  Arrivals,
  BiasSignal,
  Engines,
  FluidStep,
  Replica,
  ReplicaWork,
} from "../../../simulator/mod.ts";
import { decodeRate, IDLE_WATTS, type SystemRow } from "./systems.ts";

/** What biases the truth now; 1 where nothing does. */
export type Bias = (signal: BiasSignal) => number;

/** Busier than this no queue formula holds. */
const MOST_BUSY = 0.99;
const LONGEST_QUEUE = 10;
const LEAST_IDLE = 0.01;

/** Latency, throughput and draw of `reference-testbed.md` §4. */
export class TableEngines implements Engines {
  readonly #row: SystemRow;
  readonly #floorWatts: number;
  readonly #bias: Bias;
  /** Share of the decode capacity in use in the last step. */
  utilisation = 0;
  /** The closed form has no line: what waits is in its latency. */
  readonly queued = 0;
  readonly decoding = 0;
  readonly dropped = 0;

  constructor(
    row: SystemRow,
    { floorWatts = row.decodeFloorWatts, bias }: {
      /** A decode cap from here on costs no time, watts. */
      readonly floorWatts?: number | undefined;
      readonly bias: Bias;
    },
  ) {
    this.#row = row;
    this.#floorWatts = floorWatts;
    this.#bias = bias;
  }

  /** Draw of a busy GPU that no cap holds down, watts. */
  wantedWatts(side: Replica["side"]): number {
    const { prefillWatts, decodeWatts } = this.#row;
    const prefill = prefillWatts * this.#bias("power_prefill");
    const decode = decodeWatts * this.#bias("power_decode");
    return side === "prefill"
      ? prefill
      : side === "decode"
      ? decode
      : (prefill + decode) / 2;
  }

  step(
    seconds: number,
    arrivals: Arrivals,
    replicas: readonly Replica[],
  ): FluidStep {
    const { islTokens, oslTokens, requestsPerSecond } = arrivals;
    const serving = replicas.filter((one) => one.serving);
    const prefill = serving.filter(({ side }) => side !== "decode");
    const decode = serving.filter(({ side }) => side !== "prefill");
    const capacity = decode.length *
      decodeRate(this.#row, { ...arrivals, itlMs: this.#row.itlMs }) *
      this.#bias("capacity");
    const busy = capacity > 0
      ? Math.min(MOST_BUSY, requestsPerSecond / capacity)
      : MOST_BUSY;
    this.utilisation = busy;
    const queue = Math.min(LONGEST_QUEUE, 1 / Math.max(LEAST_IDLE, 1 - busy));
    const works = requestsPerSecond > 0 && prefill.length > 0;
    const served = works ? Math.min(requestsPerSecond, capacity) : 0;
    return {
      arrived: requestsPerSecond * seconds,
      completed: served * seconds,
      // Prompts are computed whether or not anybody decodes: their latency is seen in either case.
      prefilledTokens: works ? requestsPerSecond * seconds * islTokens : 0,
      decodedTokens: served * seconds * oslTokens,
      ttftMs: works ? this.#ttftMs(prefill) * queue : undefined,
      itlMs: served > 0 ? this.#itlMs(decode) * queue : undefined,
      replicas: replicas.map((one) => this.#workOf(one, { works, busy })),
    };
  }

  /** In inverse proportion to the prefill cap. */
  #ttftMs(prefill: readonly Replica[]): number {
    const { ttftMs, tdpWatts } = this.#row;
    const slow = mean(prefill, ({ limitWatts }) => tdpWatts / limitWatts);
    return ttftMs * slow * this.#bias("ttft");
  }

  /** Flat down to the floor, then in inverse proportion. */
  #itlMs(decode: readonly Replica[]): number {
    const slow = mean(
      decode,
      ({ limitWatts }) => Math.max(1, this.#floorWatts / limitWatts),
    );
    return this.#row.itlMs * slow * this.#bias("itl");
  }

  #workOf(
    { name, side, limitWatts, serving }: Replica,
    { works, busy }: { readonly works: boolean; readonly busy: number },
  ): ReplicaWork {
    const active = serving && works;
    const wanted = active ? this.wantedWatts(side) : IDLE_WATTS;
    return {
      name,
      side,
      busy: active ? Math.max(busy, 1e-9) : 0,
      drawWatts: serving ? Math.min(limitWatts, wanted) : 0,
      cappedShare: active && wanted > limitWatts ? 1 : 0,
      requests: active ? 1 : 0,
      queuedRequests: 0,
      milliseconds: active ? 1 : 0,
    };
  }
}

function mean<Item>(
  items: readonly Item[],
  of: (item: Item) => number,
): number {
  return items.length === 0
    ? 1
    : items.reduce((sum, item) => sum + of(item), 0) / items.length;
}
