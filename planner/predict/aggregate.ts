/** From single requests to windows: counts and mean lengths. @module */

/** Sums of the requests of one window. */
export interface WindowSums {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const NO_REQUESTS: WindowSums = {
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
};

/** Adds one request to the sums of its window. */
export function withRequest(
  sums: WindowSums,
  inputTokens: number,
  outputTokens: number,
): WindowSums {
  return {
    requests: sums.requests + 1,
    inputTokens: sums.inputTokens + inputTokens,
    outputTokens: sums.outputTokens + outputTokens,
  };
}

/** Mean lengths of a window; undefined when nothing came. */
export function meanLengths(
  sums: WindowSums,
): {
  readonly islTokens: number | undefined;
  readonly oslTokens: number | undefined;
} {
  if (sums.requests === 0) {
    return { islTokens: undefined, oslTokens: undefined };
  }
  return {
    islTokens: sums.inputTokens / sums.requests,
    oslTokens: sums.outputTokens / sums.requests,
  };
}
