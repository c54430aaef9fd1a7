/** Looks up between which watts a phase changes. @module */

import type {
  FleetQuery,
  FleetSearch,
  WattsPoint,
} from "../../optimizer-wasm/portable.ts";
import { phaseKey } from "../plan/phases.ts";

/** A change is narrowed down to this share of the budget. */
const SHARP = 0.002;
/** Changes beyond so many are left as they are: the plot would be full of them. */
const MOST_CHANGES = 24;

/** The frontier with two points at each change of phase, as near to it as {@linkcode SHARP} says. */
export async function finerFrontier(
  search: FleetSearch,
  query: FleetQuery,
  { points, turn }: {
    readonly points: readonly WattsPoint[];
    readonly turn: () => Promise<void>;
  },
): Promise<WattsPoint[]> {
  const finer = new Map(points.map((point) => [point.budgetWatts, point]));
  const at = async (budgetWatts: number): Promise<WattsPoint | undefined> => {
    await turn();
    const { best } = search.run({ ...query, budgetWatts, top: 1 });
    return best && { budgetWatts, best };
  };
  let changes = 0;
  for (const [index, point] of points.entries()) {
    const next = points[index + 1];
    // There may be several changes between two points: each begins where the one before ended.
    let from = point;
    while (next && differ(from, next) && changes < MOST_CHANGES) {
      changes++;
      const [low, high] = await firstChange(from, next, at);
      finer.set(low.budgetWatts, low);
      finer.set(high.budgetWatts, high);
      from = high;
    }
  }
  return [...finer.values()].sort((a, b) => a.budgetWatts - b.budgetWatts);
}

/** Two budgets next to each other with a change of phase between them, the lower one still in the phase of `from`. */
async function firstChange(
  from: WattsPoint,
  to: WattsPoint,
  at: (budgetWatts: number) => Promise<WattsPoint | undefined>,
): Promise<readonly [WattsPoint, WattsPoint]> {
  let [low, high] = [from, to];
  while (
    high.budgetWatts - low.budgetWatts > Math.max(1, SHARP * high.budgetWatts)
  ) {
    const middle = await at(
      Math.round((low.budgetWatts + high.budgetWatts) / 2),
    );
    if (!middle) break;
    if (differ(middle, from)) high = middle;
    else low = middle;
  }
  return [low, high];
}

function differ(one: WattsPoint, other: WattsPoint): boolean {
  return phaseKey(one.best) !== phaseKey(other.best);
}
