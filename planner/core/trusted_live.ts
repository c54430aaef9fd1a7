/** The live signals that can be trusted: what no fleet measures is thrown away and named (R19 row 15). @module */

import type { GpuWatts } from "./capacity.ts";
import type { LiveSignals, Observation } from "./observation.ts";
import type { Reason } from "./reason.ts";
import type { PerSide } from "./side.ts";

/** Longest latency that a mean over requests can have, milliseconds: about three hours. */
const LONGEST_MS = 1e7;
const MOST_TOKENS_PER_SECOND = 1e10;
/** A mean draw above this multiple of what the GPU takes is a broken sensor. */
const MOST_DRAW_FACTOR = 2;

/** Signals without NaN, infinite, negative and impossible numbers; those become unknown. */
export function trustedLive(
  { live, requests }: Observation,
  gpu: GpuWatts,
): {
  readonly live: LiveSignals | undefined;
  readonly reasons: readonly Reason[];
} {
  if (!live) return { live, reasons: [] };
  const reasons: Reason[] = [];
  const keep = (field: string, found: number | undefined, most: number) => {
    if (found === undefined || found >= 0 && found <= most) return found;
    // Means over no request are NaN in every source, and not worth a word (P78).
    if (!(requests === 0 && Number.isNaN(found))) {
      reasons.push({ kind: "observation_rejected", field, found });
    }
    return undefined;
  };
  const keepAll = (
    name: string,
    found: PerSide<number> | undefined,
    most: number,
  ): PerSide<number> =>
    Object.fromEntries(
      Object.entries(found ?? {}).flatMap(([side, value]) => {
        const kept = keep(`${side} ${name}`, value, most);
        return kept === undefined ? [] : [[side, kept]];
      }),
    );
  const mostWatts = MOST_DRAW_FACTOR * gpu.maxWatts;
  return {
    live: {
      ...live,
      ttftMs: keep("TTFT", live.ttftMs, LONGEST_MS),
      itlMs: keep("ITL", live.itlMs, LONGEST_MS),
      tokensPerSecond: keep(
        "throughput",
        live.tokensPerSecond,
        MOST_TOKENS_PER_SECOND,
      ),
      drawWatts: keepAll("draw", live.drawWatts, mostWatts),
      effectiveCapWatts: keepAll("cap", live.effectiveCapWatts, mostWatts),
      powerCappedShare: keepAll("throttle share", live.powerCappedShare, 1),
    },
    reasons,
  };
}
