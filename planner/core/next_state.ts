/** What is remembered after a decision. @module */

import type { Passed } from "./boundary.ts";
import type { SideTarget } from "./decision.ts";
import type { Asked } from "./proposals.ts";
import { raw } from "./propose.ts";
import type { Replicas } from "./reason.ts";
import type { Seen } from "./seen.ts";
import type { PlannerState } from "./state.ts";

/** The state of the next call. */
export function nextState(
  { seen, asked, passed }: {
    readonly seen: Seen;
    readonly asked: Asked;
    readonly passed: Passed;
  },
): PlannerState {
  const { state, traffic } = seen;
  const { loop, merged, load } = asked;
  return {
    sequence: state.sequence + 1,
    nowMs: seen.nowMs,
    history: traffic.history,
    expected: traffic.forecast ?? state.expected,
    signals: seen.signals,
    rolloutHeld: passed.rolloutHeld,
    last: lastTargets(passed.targets, asked),
    wanted: stillWanted(merged.proposed, passed.targets),
    lowerBounds: merged.lowerBounds,
    coefficients: loop.coefficients,
    watch: loop.watch,
    optimizer: loop.optimizer,
    load: load?.memory ?? state.load,
  };
}

/** Targets as the next tick's denominators: what the model says without any correction (R14). */
function lastTargets(
  targets: readonly SideTarget[],
  { needs, loop: { coefficients: { ttft, itl } } }: Asked,
): PlannerState["last"] {
  return Object.fromEntries(
    targets.map(({ side, replicas, capWatts, point }, index) => {
      const need = needs.sides[index];
      const isSame = need !== undefined && need.point === point;
      return [side, {
        replicas,
        capWatts,
        rawWatts: point?.predictedWatts,
        rawTtftMs: isSame ? need.rawTtftMs : raw(point?.ttftMs, ttft),
        rawItlMs: isSame ? need.rawItlMs : raw(point?.itlMs, itl),
      }];
    }),
  );
}

/** What was proposed and did not pass yet. */
function stillWanted(
  proposed: Replicas,
  targets: readonly SideTarget[],
): Replicas {
  return Object.fromEntries(
    targets.flatMap(({ side, replicas }) => {
      const wanted = proposed[side];
      return wanted !== undefined && wanted !== replicas
        ? [[side, wanted]]
        : [];
    }),
  );
}
