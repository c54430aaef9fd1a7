/** Disaggregated serving of one prefill and one decode worker (`aic-engine.md` §7.5). @module */

/** Latencies of the two workers, ms: static_ctx of the prefill batch, static_gen (stride 32) of the decode batch. */
export interface WorkerLatencies {
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What a request sees, ms. */
export interface DisaggValue {
  readonly ttftMs: number;
  readonly tpotMs: number;
  readonly requestMs: number;
}

/** Rounds to three decimals. */
export function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** §7.5: corrected, rounded, and queued for the prefill. */
export function disaggregated(
  { prefillMs, decodeMs }: WorkerLatencies,
  osl: number,
): DisaggValue {
  const tpotMs = osl > 1 ? round3(round3(decodeMs * 1.08) / (osl - 1)) : 0;
  const ttftMs = round3(1.8 * round3(prefillMs * 1.1));
  return { ttftMs, tpotMs, requestMs: round3(ttftMs + tpotMs * (osl - 1)) };
}
