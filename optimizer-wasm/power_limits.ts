/**
 * What a cap costs where tables were measured at several power limits (R17): the rows as they are, in straight lines
 * from one limit to the next and from the highest binding one to the own draw, where a cap begins to bind.
 * `assembly/search/operating.ts` is the same for the search, from the upper end of the draw that caps are sized with.
 * @module
 */

/** A phase, or one kind of step, as measured at one limit. */
export interface AtLimit {
  readonly limitWatts: number;
  readonly milliseconds: number;
  /** Mean draw of one GPU. */
  readonly watts: number;
}

/** A phase under a cap. */
export interface LimitedPhase {
  /** Time ÷ uncapped time, at least 1. */
  readonly slowdown: number;
  /** Mean draw of one GPU. */
  readonly watts: number;
}

/**
 * The phase under a cap; a lower cap is never faster.
 *
 * @param own its uncapped time and draw
 * @param limits in any order
 * @returns undefined below the lowest limit: nothing was measured there
 */
export function phaseAtLimits(
  own: { readonly milliseconds: number; readonly watts: number },
  limits: readonly AtLimit[],
  capWatts: number,
): LimitedPhase | undefined {
  if (capWatts >= own.watts) return { slowdown: 1, watts: own.watts };
  let above = { limitWatts: own.watts, slowdown: 1, watts: own.watts };
  for (
    const limit of limits.toSorted((a, b) => b.limitWatts - a.limitWatts)
  ) {
    if (limit.limitWatts >= own.watts) continue;
    const point = {
      limitWatts: limit.limitWatts,
      slowdown: Math.max(
        above.slowdown,
        limit.milliseconds / own.milliseconds,
      ),
      watts: Math.min(limit.watts, limit.limitWatts),
    };
    if (capWatts >= limit.limitWatts) {
      const share = (capWatts - point.limitWatts) /
        (above.limitWatts - point.limitWatts);
      const line = (from: number, to: number) => from + (to - from) * share;
      return {
        slowdown: line(point.slowdown, above.slowdown),
        watts: Math.min(capWatts, line(point.watts, above.watts)),
      };
    }
    above = point;
  }
  return undefined;
}
