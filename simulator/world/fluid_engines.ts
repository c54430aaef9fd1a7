/** Queues and engines as a fluid: backlog, batch, latency, draw, all from what each replica's limits allow. @module */

import type { SimulatedSide } from "../cluster/mod.ts";
import type { EngineTruth } from "./engine_truth.ts";

/** One replica that can work. */
export interface Replica {
  readonly name: string;
  readonly side: SimulatedSide;
  /** The lowest limit among its GPUs: the slowest rank sets the pace. */
  readonly limitWatts: number;
  readonly serving: boolean;
}

/** What one replica did in a step. */
export interface ReplicaWork {
  readonly name: string;
  readonly side: SimulatedSide;
  /** Share of the time it worked. */
  readonly busy: number;
  /** Draw of one of its GPUs, watts. */
  readonly drawWatts: number;
  /** Share of time in which the limit held clocks down. */
  readonly cappedShare: number;
  readonly requests: number;
  readonly queuedRequests: number;
  readonly milliseconds: number;
  /** It computes, whether or not it takes new requests: what it draws is `drawWatts`. */
  readonly works?: boolean;
  /** Where they are known one by one. */
  readonly tokens?: {
    readonly scheduledPrefill: number;
    readonly queuedPrefill: number;
    readonly scheduledDecodeKv: number;
    readonly queuedDecodeKv: number;
  };
}

/** What a step of the fleet came to. */
export interface FluidStep {
  readonly arrived: number;
  readonly completed: number;
  readonly prefilledTokens: number;
  readonly decodedTokens: number;
  /** Of requests that got their first token in this step. */
  readonly ttftMs: number | undefined;
  readonly itlMs: number | undefined;
  readonly replicas: readonly ReplicaWork[];
  /** Requests that got their first token; absent: as many as were prefilled. */
  readonly firstTokens?: number;
  /** Mean lengths of what arrived; absent: the window's. */
  readonly islTokens?: number;
  readonly oslTokens?: number;
  /** Prompt tokens whose prefill began, and those of them that were cached; absent: there is no cache. */
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
}

/** Lengths and rate of what arrives. */
export interface Arrivals {
  readonly requestsPerSecond: number;
  readonly islTokens: number;
  readonly oslTokens: number;
}

/** More waits than this are dropped: whoever asked has gone away. */
const MOST_WAITING = 100_000;

/** Requests between two engines, in fractions of one. */
export class FluidEngines {
  /** Not prefilled yet. */
  #queued = 0;
  /** Prefilled, without a place in a batch. */
  #handedOver = 0;
  #decoding = 0;
  dropped = 0;

  constructor(private readonly truth: EngineTruth) {}

  get queued(): number {
    return this.#queued;
  }

  get decoding(): number {
    return this.#decoding;
  }

  /** Moves on by `seconds`. */
  step(
    seconds: number,
    arrivals: Arrivals,
    replicas: readonly Replica[],
  ): FluidStep {
    const { islTokens, oslTokens } = arrivals;
    const arrived = arrivals.requestsPerSecond * seconds;
    this.#queued += arrived;
    if (this.#queued > MOST_WAITING) {
      this.dropped += this.#queued - MOST_WAITING;
      this.#queued = MOST_WAITING;
    }
    const serving = replicas.filter((one) => one.serving);
    const prefill = serving.filter(({ side }) => side !== "decode");
    const decode = serving.filter(({ side }) => side !== "prefill");
    const pre = this.#prefill(seconds, islTokens, prefill);
    const steps = this.#decode(seconds, {
      kvTokens: islTokens + oslTokens / 2,
      // Aggregated engines decode in the time that prompts leave.
      share: decode[0]?.side === "agg" ? 1 - pre.busy : 1,
      oslTokens,
      decode,
    });
    return {
      arrived,
      completed: steps.completed,
      prefilledTokens: pre.served * islTokens,
      decodedTokens: steps.tokens,
      ttftMs: pre.served > 0 ? pre.ttftMs + steps.waitMs : undefined,
      itlMs: steps.itlMs,
      replicas: replicas.map((one) =>
        this.#workOf(one, { pre, steps, islTokens })
      ),
    };
  }

  #prefill(
    seconds: number,
    islTokens: number,
    engines: readonly Replica[],
  ) {
    const alone = this.truth.prefill(Math.max(1, islTokens));
    let rate = 0;
    const slowdown = this.#slowdowns(alone.watts);
    for (const engine of engines) {
      rate += 1000 / (alone.milliseconds * slowdown(engine));
    }
    const backlog = this.#queued;
    const served = Math.min(backlog, rate * seconds);
    this.#queued -= served;
    this.#handedOver += served;
    const busy = rate > 0 ? served / (rate * seconds) : 0;
    const perEngine = rate > 0 ? engines.length / rate * 1000 : 0;
    // What stands in line, and what random arrivals queue below saturation (M/D/n in its usual approximation).
    const lineMs = rate > 0 ? this.#queued / rate * 1000 : 0;
    const chanceMs = engines.length > 0
      ? perEngine * busy /
        (2 * engines.length * Math.max(0.05, 1 - busy))
      : 0;
    return {
      served,
      busy,
      watts: alone.watts,
      milliseconds: perEngine,
      ttftMs: lineMs + chanceMs + perEngine,
    };
  }

  #decode(
    seconds: number,
    { kvTokens, share, oslTokens, decode }: {
      readonly kvTokens: number;
      readonly share: number;
      readonly oslTokens: number;
      readonly decode: readonly Replica[];
    },
  ) {
    const most = this.truth.mostRequests(kvTokens) * decode.length;
    const admitted = Math.max(
      0,
      Math.min(this.#handedOver, most - this.#decoding),
    );
    this.#handedOver -= admitted;
    this.#decoding += admitted;
    const none = {
      completed: 0,
      tokens: 0,
      itlMs: undefined,
      waitMs: 0,
      batch: 0,
      watts: 0,
      handedOver: this.#handedOver,
    };
    if (decode.length === 0 || this.#decoding <= 0) return none;
    const batch = Math.max(1, Math.round(this.#decoding / decode.length));
    const work = this.truth.decodeStep(batch, Math.max(1, kvTokens));
    let slowest = 0;
    const slowdown = this.#slowdowns(work.watts);
    for (const engine of decode) slowest += slowdown(engine);
    const itlMs = work.milliseconds * slowest / decode.length /
      Math.max(0.05, share);
    const stepsDone = seconds * 1000 / itlMs;
    const perRequest = Math.max(1, oslTokens - 1);
    const completed = Math.min(
      this.#decoding,
      this.#decoding * stepsDone / perRequest,
    );
    this.#decoding -= completed;
    const rate = completed / seconds;
    return {
      completed,
      tokens: completed * perRequest,
      itlMs,
      waitMs: rate > 0 ? this.#handedOver / rate * 1000 : 0,
      batch,
      watts: work.watts,
      handedOver: this.#handedOver,
    };
  }

  /** What a limit costs one engine after the other: neighbours mostly have the same, and are asked about once. */
  #slowdowns(wantedWatts: number): (engine: Replica) => number {
    let known: Pick<Replica, "limitWatts" | "side"> | undefined;
    let slow = 1;
    return ({ limitWatts, side }) => {
      if (known?.limitWatts !== limitWatts || known.side !== side) {
        known = { limitWatts, side };
        slow = this.truth.slowdown(limitWatts, wantedWatts, side);
      }
      return slow;
    };
  }

  /** Draw never passes the limit, so a limit hides what is wanted beyond it (R14a). */
  #workOf(
    replica: Replica,
    { pre, steps, islTokens }: {
      readonly pre: {
        readonly busy: number;
        readonly watts: number;
        readonly milliseconds: number;
      };
      readonly steps: {
        readonly batch: number;
        readonly watts: number;
        readonly itlMs: number | undefined;
        readonly handedOver: number;
      };
      readonly islTokens: number;
    },
  ): ReplicaWork {
    const { side, limitWatts, serving, name } = replica;
    const decoding = side !== "prefill" && steps.batch > 0 ? 1 : 0;
    const prefilling = side === "decode" ? 0 : pre.busy;
    const busy = serving ? Math.max(prefilling, decoding) : 0;
    const wanted = side === "agg"
      ? pre.busy * pre.watts + (1 - pre.busy) * steps.watts
      : side === "prefill"
      ? pre.watts
      : steps.watts;
    const { idleWatts } = this.truth;
    const working = Math.min(wanted, limitWatts);
    return {
      name,
      side,
      busy,
      drawWatts: Math.min(
        limitWatts,
        serving ? idleWatts + Math.max(0, working - idleWatts) * busy : 0,
      ),
      cappedShare: wanted > limitWatts ? busy : 0,
      requests: side === "prefill"
        ? (serving ? prefilling : 0)
        : (serving ? steps.batch : 0),
      queuedRequests: side === "decode"
        ? steps.handedOver
        : this.#queued * (islTokens > 0 ? 1 : 0),
      milliseconds: side === "prefill" ? pre.milliseconds : steps.itlMs ?? 0,
    };
  }
}
