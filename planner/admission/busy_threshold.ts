/** The body of a post to `/busy_threshold`: what is unknown is left out, the model never is (P59). @module */

/** Thresholds to set: margin and limits are in them already. */
export interface Thresholds {
  /** min(1, margin × θ_prefill). */
  readonly setThetaPrefill: number | undefined;
  /** min(1, margin × θ_decode). */
  readonly setThetaDecode: number | undefined;
  /** ⌈set θ_prefill × fewest batched tokens of a prefill worker⌉; undefined when no worker says its own. */
  readonly setPrefillTokens: number | undefined;
}

/** The body as the frontend takes it. */
export interface BusyThreshold {
  readonly model: string;
  readonly active_decode_blocks_threshold?: number;
  readonly active_prefill_tokens_threshold_frac?: number;
  readonly active_prefill_tokens_threshold?: number;
}

/**
 * Builds the body.
 *
 * @returns undefined when there is nothing to set: a body with a model alone asks the frontend for its thresholds
 */
export function busyThreshold(
  model: string,
  { setThetaPrefill, setThetaDecode, setPrefillTokens }: Thresholds,
): BusyThreshold | undefined {
  const decode = share(setThetaDecode);
  const prefill = share(setThetaPrefill);
  const tokens = setPrefillTokens !== undefined &&
      Number.isSafeInteger(setPrefillTokens) && setPrefillTokens >= 0
    ? setPrefillTokens
    : undefined;
  if (decode === undefined && prefill === undefined && tokens === undefined) {
    return undefined;
  }
  return {
    model,
    ...(decode === undefined ? {} : { active_decode_blocks_threshold: decode }),
    ...(prefill === undefined
      ? {}
      : { active_prefill_tokens_threshold_frac: prefill }),
    ...(tokens === undefined
      ? {}
      : { active_prefill_tokens_threshold: tokens }),
  };
}

/** A share is 0…1; what is not is unknown, and unknown is not posted. */
function share(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 ? Math.min(1, value) : undefined;
}
