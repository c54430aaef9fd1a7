/** When the model has drifted away from the fleet (R15). @module */

import type { LiveSignals } from "./observation.ts";
import type { DriftTrigger } from "./outcome.ts";

/** What drift is judged on. */
export interface DriftInput {
  readonly live: LiveSignals;
  readonly requests: number;
  readonly ttftMs: number;
  readonly itlMs: number;
  /** Output tokens per second of the picked fleet; 0 before the first search, which cannot trigger. */
  readonly predictedTokensPerSecond: number;
  readonly relativeThreshold: number;
}

/**
 * TTFT or ITL above the target, or tokens/s above the predicted capacity: upward only.
 *
 * @returns undefined when the window says nothing of them
 */
export function driftTriggers(
  input: DriftInput,
): readonly DriftTrigger[] | undefined {
  const { live, requests, predictedTokensPerSecond: predicted } = input;
  if (!(requests > 0)) return [];
  const isSeen = [live.ttftMs, live.itlMs, live.tokensPerSecond].some((value) =>
    value !== undefined && Number.isFinite(value)
  );
  if (!isSeen) return undefined;
  const found: DriftTrigger[] = [];
  if (isAbove(live.ttftMs, input.ttftMs)) found.push("ttft");
  if (isAbove(live.itlMs, input.itlMs)) found.push("itl");
  if (
    predicted > 0 &&
    isAbove(live.tokensPerSecond, predicted * (1 + input.relativeThreshold))
  ) found.push("throughput");
  return found;
}

function isAbove(value: number | undefined, limit: number): boolean {
  return value !== undefined && Number.isFinite(value) && value > limit;
}
