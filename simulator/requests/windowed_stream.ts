/** Made-up requests of a course of traffic: the same ones however the world cuts its time into steps. @module */

import type { Random } from "../random.ts";
import type { Arrivals } from "../world/mod.ts";
import { type LengthFactor, PoissonStream } from "./poisson_stream.ts";
import { NO_BLOCKS, type RequestStream } from "./request_stream.ts";

/** Poisson within windows of its own. */
export class WindowedStream implements RequestStream {
  readonly blocks = NO_BLOCKS;
  readonly blocksFrom = 0;
  readonly blocksUntil = 0;
  readonly blocksEpoch = 0;
  nextMs = Infinity;
  readonly #stream: PoissonStream;
  readonly #windowMs: number;
  readonly #course: (atSeconds: number) => Arrivals;
  #windows = 0;
  #untilMs = 0;

  /**
   * @param windowSeconds rate and lengths are constant for so long
   * @param course rate and lengths of the window that begins at a time
   */
  constructor(
    { random, windowSeconds, course, lengths }: {
      readonly random: Random;
      readonly windowSeconds: number;
      readonly course: (atSeconds: number) => Arrivals;
      readonly lengths?: LengthFactor;
    },
  ) {
    this.#stream = new PoissonStream(random, lengths);
    this.#windowMs = windowSeconds * 1000;
    this.#course = course;
  }

  get islTokens(): number {
    return this.#stream.islTokens;
  }

  get oslTokens(): number {
    return this.#stream.oslTokens;
  }

  open(_fromMs: number, untilMs: number, _arrivals: Arrivals): void {
    this.#untilMs = untilMs;
    this.#settle();
  }

  advance(): void {
    this.#stream.advance();
    this.#settle();
  }

  #settle(): void {
    while (
      this.#stream.nextMs === Infinity &&
      this.#windows * this.#windowMs < this.#untilMs
    ) {
      const fromMs = this.#windows++ * this.#windowMs;
      this.#stream.open(
        fromMs,
        fromMs + this.#windowMs,
        this.#course(fromMs / 1000),
      );
    }
    const next = this.#stream.nextMs;
    this.nextMs = next < this.#untilMs ? next : Infinity;
  }
}
