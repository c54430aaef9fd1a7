/** Cache hit rate and accept length: carried forward, never predicted (P19). @module */

/** The last known values; absent before the first. */
export interface CarriedSignals {
  readonly kvHitRate?: number;
  readonly acceptLength?: number;
}

/** Takes a window's values in; what is unknown or not a number leaves the last one. */
export function withSignals(
  carried: CarriedSignals,
  seen: {
    readonly kvHitRate: number | undefined;
    readonly acceptLength: number | undefined;
  },
): CarriedSignals {
  const next: { -readonly [Name in keyof CarriedSignals]: number } = {
    ...carried,
  };
  if (seen.kvHitRate !== undefined && Number.isFinite(seen.kvHitRate)) {
    next.kvHitRate = seen.kvHitRate;
  }
  if (seen.acceptLength !== undefined && Number.isFinite(seen.acceptLength)) {
    next.acceptLength = seen.acceptLength;
  }
  return next;
}

/** Upper end of a hit rate that capacity may be planned with (P35). */
const HIGHEST_HIT_RATE = 0.95;

/** Share of the prompt that need not be computed, 0…0.95; 0 while unknown. */
export function usableHitRate({ kvHitRate }: CarriedSignals): number {
  return kvHitRate === undefined
    ? 0
    : Math.min(Math.max(0, kvHitRate), HIGHEST_HIT_RATE);
}

/** Where the number of drafts a step comes from; the worker's model card wins over the configuration. */
export interface DraftTokens {
  readonly configured: number;
  readonly modelCard: number | undefined;
}

/** Tokens accepted a step, within [1, drafts + 1]; 1 without drafts or while unknown. */
export function usableAcceptLength(
  { acceptLength }: CarriedSignals,
  { configured, modelCard }: DraftTokens,
): number {
  const drafts = modelCard ?? configured;
  if (acceptLength === undefined || !(drafts > 0)) return 1;
  return Math.min(Math.max(1, acceptLength), drafts + 1);
}
