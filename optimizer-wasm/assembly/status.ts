/** How a look-up ends, and what its answer rests on. The host names them; the numbers are the contract. */

/** Answered. */
export const OK: i32 = 0;
/** The tables hold no answer: PerfDataNotAvailable (`aic-engine.md` §5.12). */
export const NOT_MEASURED: i32 = 1;
/** No samples to transfer from: EmpiricalNotImplemented. */
export const NO_EMPIRICAL: i32 = 2;
/** The GPU has no rate for the precision: MissingSystemFlops (§1.3). */
export const MISSING_FLOPS: i32 = 3;
/** A pass without new tokens (§7.1). */
export const NO_TOKENS: i32 = 4;
/** Inside a walk only: the query lies outside the grid (§3.1). */
export const OUT_OF_RANGE: i32 = 5;

/** A table answered. */
export const FROM_TABLE: i32 = 1;
/** An empirical transfer answered. */
export const FROM_EMPIRICAL: i32 = 2;
/** A speed-of-light or roofline formula answered. */
export const FROM_FORMULA: i32 = 4;
/** The query lies beyond what was measured and was carried on from the nearest measurements. */
export const BEYOND_TABLES: i32 = 8;

/** Latency (ms) and blend power (W) of the last look-up: two results without an allocation. */
export let resultMs: f64 = 0.0;
export let resultWatts: f64 = 0.0;
/** Union of the FROM_… and BEYOND_… bits since the last `clearFlags`. */
export let flags: i32 = 0;

export function answer(ms: f64, watts: f64): i32 {
  resultMs = ms;
  resultWatts = watts;
  return OK;
}

export function mark(bits: i32): void {
  flags |= bits;
}

export function clearFlags(): void {
  flags = 0;
}
