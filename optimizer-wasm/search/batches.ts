/** Batch sizes and mixed-step sizes that are searched (`aic-engine.md` §11.3, §11.4). @module */

/** Decode batches: 96 values. */
export const DECODE_BATCHES: readonly number[] = [
  ...range(1, 15, 1),
  ...range(16, 30, 2),
  ...range(32, 124, 4),
  ...range(128, 504, 8),
  512,
];

/** Batches of aggregated workers: 44 values. */
export const AGG_BATCHES: readonly number[] = [
  ...range(1, 15, 1),
  ...range(16, 28, 4),
  ...range(32, 56, 8),
  ...range(64, 240, 16),
  ...range(256, 480, 32),
  512,
];

/** Prefill batches. AIC tries 1 alone; short prompts share a pass in practice. */
const PREFILL_BATCHES: readonly number[] = [
  ...range(1, 8, 1),
  ...range(10, 16, 2),
  ...range(20, 32, 4),
  ...range(40, 64, 8),
];

/** Tokens of one prefill pass or mixed step that backends take by default. */
const PASS_TOKENS = 8192;

/** Prefill batches whose new tokens fit one pass; a single prompt always does. */
export function prefillBatches(newTokens: number): number[] {
  return PREFILL_BATCHES.filter((batch) =>
    batch === 1 || batch * newTokens <= PASS_TOKENS
  );
}

/** Prompt tokens of a mixed step, ascending. */
export function contextTokenSizes(isl: number): number[] {
  const most = Math.max(PASS_TOKENS, 2 * isl);
  const step = Math.max(isl, 512);
  const wide = Math.max(1024, step, Math.floor(most / 8));
  const big = Math.ceil(wide / isl) * isl;
  const sizes = new Set([isl, 2 * isl]);
  for (let size = 0;;) {
    size += size < PASS_TOKENS ? step : big;
    if (size > most) break;
    sizes.add(size);
  }
  return [...sizes].sort((a, b) => a - b);
}

/** Whether a batch leaves a decode request beside the prompts of a mixed step (§11.3). */
export function batchFitsContext(
  batch: number,
  contextTokens: number,
  isl: number,
): boolean {
  const prompts = Math.ceil(contextTokens / isl);
  return batch >= prompts && (batch === 1 || batch - prompts >= 1);
}

function range(from: number, to: number, step: number): number[] {
  return Array.from(
    { length: Math.floor((to - from) / step) + 1 },
    (_, index) => from + index * step,
  );
}
