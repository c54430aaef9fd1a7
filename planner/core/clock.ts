/** A clock that goes back: ages begin anew instead of never ending. @module */

import type { PlannerState } from "./state.ts";
import type { Reason } from "./reason.ts";

/**
 * The state at a new time. Times that lie in the future of the new time are moved to it; a time that is not a number
 * leaves the last one in force.
 */
export function at(
  state: PlannerState,
  nowMs: number,
): {
  readonly state: PlannerState;
  readonly nowMs: number;
  readonly reasons: readonly Reason[];
} {
  const before = state.nowMs;
  if (!Number.isFinite(nowMs)) {
    return { state, nowMs: before ?? 0, reasons: [] };
  }
  if (before === undefined || nowMs >= before) {
    return { state: { ...state, nowMs }, nowMs, reasons: [] };
  }
  const past = (ms: number) => Math.min(ms, nowMs);
  const { optimizer, watch, load } = state;
  return {
    nowMs,
    reasons: [{ kind: "clock_went_back", fromMs: before, toMs: nowMs }],
    state: {
      ...state,
      nowMs,
      optimizer: {
        ...optimizer,
        triedAtMs: optimizer.triedAtMs === undefined
          ? undefined
          : past(optimizer.triedAtMs),
      },
      watch: {
        ...watch,
        pegged: Object.fromEntries(
          Object.entries(watch.pegged).map(([name, episode]) => [
            name,
            { ...episode, sinceMs: past(episode.sinceMs) },
          ]),
        ),
      },
      load: {
        ...load,
        down: Object.fromEntries(
          Object.entries(load.down).map(([side, signal]) => [
            side,
            { ...signal, sinceMs: past(signal.sinceMs) },
          ]),
        ),
      },
    },
  };
}
