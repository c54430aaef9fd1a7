/** The line of prompts, and the passes that are filled from it: chunks of long ones, several short ones together. @module */

import type { DecodeSeats } from "./decode_seats.ts";
import { PrefixStore } from "./prefix_store.ts";
import { BLOCK_TOKENS, type RequestStream } from "./request_stream.ts";
import type { RequestStore } from "./request_store.ts";
import type { Tally } from "./tally.ts";
import { Ring } from "./ring.ts";
import type { Worker } from "./worker.ts";

/** What passes are filled by. */
export interface PrefillRules {
  readonly maxBatchedTokens: number;
  readonly mostPrompts: number;
  readonly patienceMs: number;
  /** Block numbers are below this. */
  readonly blockCount: number;
  /** Blocks that the store holds; 0: there is none. */
  readonly prefixBlocks: number;
}

/** One line for all prefill workers; an idle one takes from its front. */
export class PrefillLine {
  readonly waiting = new Ring();
  readonly #requests: RequestStore;
  readonly #stream: RequestStream;
  readonly #seats: DecodeSeats;
  readonly #tally: Tally;
  readonly #rules: PrefillRules;
  readonly #prefixes: PrefixStore | undefined;
  #blocksEpoch = 0;

  constructor(parts: {
    readonly requests: RequestStore;
    readonly stream: RequestStream;
    readonly seats: DecodeSeats;
    readonly tally: Tally;
    readonly rules: PrefillRules;
  }) {
    this.#requests = parts.requests;
    this.#stream = parts.stream;
    this.#seats = parts.seats;
    this.#tally = parts.tally;
    this.#rules = parts.rules;
    const { blockCount, prefixBlocks } = parts.rules;
    this.#prefixes = blockCount > 0 && prefixBlocks > 0
      ? new PrefixStore(blockCount, prefixBlocks)
      : undefined;
  }

  /** Back to the front, to be computed again from its first token. */
  again(id: number): void {
    this.#requests.prefilled[id] = 0;
    this.waiting.pushFirst(id);
  }

  /** Fills a worker's next pass. @returns its attention pairs; its tokens are in the worker */
  compose(worker: Worker, nowMs: number): number {
    const { prefilled } = this.#requests;
    let room = this.#rules.maxBatchedTokens;
    // The batch of an aggregated engine takes part in the same tokens.
    if (worker.decodes) room = Math.max(1, room - worker.stepBatch);
    let [pairs, tokens] = [0, 0];
    worker.passSize = 0;
    for (
      let prompts = 0;
      room > 0 && prompts < this.#rules.mostPrompts;
      prompts++
    ) {
      const id = worker.partial >= 0
        ? worker.partial
        : this.#next(worker, nowMs);
      if (id < 0) break;
      const left = this.#requests.promptTokens(id) - prefilled[id]!;
      const now = Math.min(left, room);
      pairs += now * (prefilled[id]! + now / 2);
      prefilled[id]! += now;
      tokens += now;
      room -= now;
      worker.partial = now < left ? id : -1;
      if (now < left) break;
      worker.putInPass(id);
    }
    worker.passTokens = tokens;
    return pairs;
  }

  /** The next prompt that somebody still waits for. */
  #next(worker: Worker, nowMs: number): number {
    const { generated, arrivalMs } = this.#requests;
    while (worker.serving) {
      const id = this.waiting.first;
      if (id < 0) return -1;
      if (
        generated[id] === 0 &&
        nowMs - arrivalMs[id]! > this.#rules.patienceMs
      ) {
        this.#requests.remove(this.waiting.shift());
        this.#tally.abandon();
        continue;
      }
      // An aggregated engine computes a prompt into its own cache.
      if (worker.decodes && !this.#seats.fits(worker, id)) return -1;
      this.waiting.shift();
      if (worker.decodes) worker.kvTokens += this.#seats.cacheTokens(id);
      this.#lookUp(id);
      return id;
    }
    return -1;
  }

  /** What of a prompt is cached need not be computed. */
  #lookUp(id: number): void {
    const { blocksFrom, blocksUntil, prefilled } = this.#requests;
    const prompt = this.#requests.promptTokens(id);
    let cached = 0;
    if (this.#prefixes) {
      const { blocks, blocksEpoch } = this.#stream;
      if (blocksEpoch !== this.#blocksEpoch) {
        this.#blocksEpoch = blocksEpoch;
        this.#prefixes.clear();
      }
      const found = this.#prefixes.leading(
        blocks,
        blocksFrom[id]!,
        blocksUntil[id]!,
      );
      // Its last token is always computed: the first one of the answer comes from there.
      cached = Math.min(found * BLOCK_TOKENS, prompt - 1);
      prefilled[id] = cached;
    }
    this.#tally.lookUp(prompt, cached);
  }

  /** A prompt is done: its blocks can be found from now on. */
  keep(id: number): void {
    const { blocksFrom, blocksUntil } = this.#requests;
    this.#prefixes?.keep(
      this.#stream.blocks,
      blocksFrom[id]!,
      blocksUntil[id]!,
    );
  }
}
