/** Where requests come from, one after the other. @module */

import type { Arrivals } from "../world/mod.ts";

/** A stream that stands at its next request. */
export interface RequestStream {
  /**
   * What comes next lies in [`fromMs`, `untilMs`).
   *
   * @param arrivals rate and mean lengths meanwhile, for streams that make requests up
   */
  open(fromMs: number, untilMs: number, arrivals: Arrivals): void;
  /** When the next request comes; Infinity: not in the open window. */
  readonly nextMs: number;
  readonly islTokens: number;
  readonly oslTokens: number;
  /** Numbers of its prompt's blocks: `blocks[blocksFrom]` up to `blocks[blocksUntil - 1]`. */
  readonly blocks: Int32Array;
  readonly blocksFrom: number;
  readonly blocksUntil: number;
  /** Rises whenever blocks of the same numbers hold other text than before. */
  readonly blocksEpoch: number;
  /** On to the one after it. */
  advance(): void;
}

/** No prompt blocks. */
export const NO_BLOCKS = new Int32Array(0);

/** Tokens of one block of a prompt (Mooncake's `hash_ids`). */
export const BLOCK_TOKENS = 512;
