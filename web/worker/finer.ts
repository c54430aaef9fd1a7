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
const MOST_CHANGES = 12;

/** The frontier with two points at each change of phase, as near to it as {@linkcode SHARP} says. */
export async function finerFrontier(
  search: FleetSearch,
  query: FleetQuery,
  { points, turn }: {
    readonly points: readonly WattsPoint[];
    readonly turn: () => Promise<void>;
  },
): Promise<WattsPoint[]> {
  const finer: WattsPoint[] = [];
  let changes = 0;
  for (const [index, point] of points.entries()) {
    finer.push(point);
    const next = points[index + 1];
    if (!next || phaseKey(point.best) === phaseKey(next.best)) continue;
    if (++changes > MOST_CHANGES) continue;
    let [low, high] = [point, next];
    while (
      high.budgetWatts - low.budgetWatts > Math.max(1, SHARP * high.budgetWatts)
    ) {
      await turn();
      const budgetWatts = Math.round((low.budgetWatts + high.budgetWatts) / 2);
      const { best } = search.run({ ...query, budgetWatts, top: 1 });
      if (!best) break;
      const middle = { budgetWatts, best };
      if (phaseKey(best) === phaseKey(low.best)) low = middle;
      else high = middle;
    }
    if (low !== point) finer.push(low);
    if (high !== next) finer.push(high);
  }
  return finer.sort((a, b) => a.budgetWatts - b.budgetWatts);
}
