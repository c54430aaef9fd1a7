/** One question within its time, whoever answers it. @module */

import type { Clock } from "../../cluster/mod.ts";
import { settledSoon } from "./settled_soon.ts";

/** Why work is cancelled that nobody waits for any more: one object, for making an exception takes longer than a look. */
export const NOT_AWAITED = new Error("Nobody waits for it any more.");

/**
 * Asks, and waits for the answer until the time is over or the signal aborts; then the question is cancelled.
 *
 * @returns undefined without an answer in time
 * @throws what the answer throws in time
 */
export async function inTime<Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  { clock, timeoutMs, signal }: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Answer | undefined> {
  const ended = new AbortController();
  const stop = () => ended.abort(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  let answered = false;
  let atOnce = false;
  const answer = ask(ended.signal).finally(() => answered = true);
  try {
    // Whoever answers from memory needs no timer, and leaves nothing to cancel.
    await settledSoon(answer);
    atOnce = answered;
    if (atOnce) return await answer;
    const late = clock.sleep(timeoutMs, ended.signal);
    return await Promise.race([answer, late.then(() => undefined)]);
  } finally {
    signal.removeEventListener("abort", stop);
    if (!atOnce) ended.abort(NOT_AWAITED);
  }
}
