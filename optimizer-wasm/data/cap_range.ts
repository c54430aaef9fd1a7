/** What a GPU takes as a power limit, where the device cannot be asked (`power-curves.md` §5). @module */

import { gpuSku } from "./gpu_skus.ts";
import type { SystemSpec } from "./system_spec.ts";

/** Range of a GPU's cap, watts. */
export interface CapRange {
  readonly minWatts: number;
  readonly maxWatts: number;
  /** Nameplate TDP. */
  readonly tdpWatts: number;
}

/** Lowest cap of a GPU that the table does not know, as a share of its TDP. */
const UNKNOWN_LOWEST_SHARE = 0.5;

/** Lowest cap ÷ own draw that is searched without measured curves (R17); decode on Blackwell falls off a cliff below. */
const LOWEST_RATIO = 0.7;
const LOWEST_RATIO_BLACKWELL_DECODE = 0.75;

/** Range of the cap of a system's GPU. */
export function capRangeOf(
  system: Pick<SystemSpec, "name" | "tdpWatts">,
): CapRange {
  return {
    minWatts: gpuSku(system.name)?.minWatts ??
      Math.ceil(system.tdpWatts * UNKNOWN_LOWEST_SHARE),
    maxWatts: system.tdpWatts,
    tdpWatts: system.tdpWatts,
  };
}

/** Lowest cap ÷ own draw that is searched without measured curves (R17). */
export function lowestRatioOf(
  side: "prefill" | "decode" | "agg",
  smVersion: number,
): number {
  return side !== "prefill" && smVersion >= 100
    ? LOWEST_RATIO_BLACKWELL_DECODE
    : LOWEST_RATIO;
}
