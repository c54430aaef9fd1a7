/** The smallest fleet and the one with the fewest watts, at the floors. @module */

import type { SearchOption } from "../program/search_host.ts";
import type { WorkerSide } from "./question.ts";

interface SideOptions {
  readonly side: WorkerSide;
  readonly options: readonly SearchOption[];
}

/**
 * @param floor fewest replicas of a side
 * @returns fewest GPUs of any fleet, and fewest watts of one whose GPUs are there
 */
export function leastOf(
  sides: readonly SideOptions[],
  floor: (side: WorkerSide) => number,
  totalGpus = Infinity,
): { readonly gpus: number; readonly watts: number } {
  const [first = [], second = [[0, 0] as const]] = sides.map((
    { side, options },
  ) => cheapestBySize(options, floor(side)));
  let gpus = Infinity;
  let watts = Infinity;
  for (const [some, draw] of first) {
    for (const [others, more] of second) {
      gpus = Math.min(gpus, some + others);
      if (some + others <= totalGpus) watts = Math.min(watts, draw + more);
    }
  }
  return { gpus, watts };
}

/** GPUs and fewest watts of a side at its floor, by size of its replicas. */
function cheapestBySize(
  options: readonly SearchOption[],
  floor: number,
): (readonly [gpus: number, watts: number])[] {
  const bySize = new Map<number, number>();
  for (const { gpus, watts } of options) {
    bySize.set(gpus, Math.min(bySize.get(gpus) ?? Infinity, watts));
  }
  return [...bySize].map(([gpus, watts]) => [gpus * floor, watts * floor]);
}
