/** Time and chance as ports: what list+watch and the gate wait by, real or virtual. @module */

/** Time that a test can move. */
export interface Clock {
  /** Monotonic time, milliseconds since an arbitrary start. Never jumps with the wall clock. */
  now(): number;
  /**
   * Resolves after `milliseconds`, or at once when `signal` aborts: the caller looks at its signal, a sleep is
   * never an error.
   */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Uniform in [0, 1), as `Math.random`. */
export type Random = () => number;

/** The machine's own monotonic clock. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", done, { once: true });
    }),
};

/**
 * A signal that aborts with `reason` once `milliseconds` of the clock have passed, or with the outer signal's
 * reason when that aborts first. `clear` ends the wait without aborting.
 */
export function deadline(
  clock: Clock,
  milliseconds: number,
  { reason, outer }: { reason: Error; outer?: AbortSignal },
): { readonly signal: AbortSignal; clear(): void } {
  const expiry = new AbortController();
  const cleared = new AbortController();
  clock.sleep(milliseconds, cleared.signal).then(() => {
    if (!cleared.signal.aborted) expiry.abort(reason);
  });
  return {
    signal: outer ? AbortSignal.any([outer, expiry.signal]) : expiry.signal,
    clear: () => cleared.abort(),
  };
}
