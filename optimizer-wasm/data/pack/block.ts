/** A block ready to be put into a pack. @module */

import { FLAG_ALL_PRIMARY, FLAG_HAS_POWER } from "./format.ts";

/** Bytes of one block with the counts its slice repeats. */
export interface Block {
  readonly bytes: Uint8Array;
  readonly leaves: number;
  readonly primaryLeaves: number;
  /** Leaves with measured power. */
  readonly poweredLeaves: number;
}

/** Leaf values in the order in which the block holds them. */
export interface LeafColumns {
  readonly latencyMs: Float64Array;
  /** Blend power (`aic-engine.md` §3), watts; 0 = not measured. */
  readonly powerWatts: Float64Array;
  /** 1 = from the primary source. */
  readonly primary: Uint8Array;
}

/** What a block's flags and its slice need to know about its leaves. */
export interface LeafCounts {
  readonly flags: number;
  readonly primaryLeaves: number;
  readonly poweredLeaves: number;
}

/** Counts primary and powered leaves and derives the block's flags. */
export function countLeaves(
  { powerWatts, primary }: LeafColumns,
): LeafCounts {
  let primaryLeaves = 0;
  let poweredLeaves = 0;
  for (const flag of primary) primaryLeaves += flag;
  for (const watts of powerWatts) if (watts > 0) poweredLeaves++;
  const flags = (poweredLeaves > 0 ? FLAG_HAS_POWER : 0) |
    (primaryLeaves === primary.length ? FLAG_ALL_PRIMARY : 0);
  return { flags, primaryLeaves, poweredLeaves };
}
