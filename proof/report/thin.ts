/** Fewer points of a line, its peaks kept. @module */

import type { ReportLine } from "./data.ts";

/** A line's points, gaps as null. */
export interface Points {
  readonly seconds: readonly number[];
  readonly values: readonly (number | null)[];
}

/** At most about `most` points: of every bucket the lowest and the highest, in their order. */
export function thinned(
  { seconds, values }: Pick<ReportLine, "seconds" | "values">,
  most: number,
): Points {
  const all = values.map((value) =>
    value === undefined || !Number.isFinite(value) ? null : value
  );
  if (all.length <= most) return { seconds: seconds.map(tenth), values: all };
  const size = Math.ceil(all.length / (most / 2));
  const kept: { second: number; value: number | null }[] = [];
  for (let from = 0; from < all.length; from += size) {
    let [low, high] = [from, from];
    for (let at = from; at < Math.min(from + size, all.length); at++) {
      if ((all[at] ?? Infinity) < (all[low] ?? Infinity)) low = at;
      if ((all[at] ?? -Infinity) > (all[high] ?? -Infinity)) high = at;
    }
    const ends = low === high ? [low] : [low, high].sort((a, b) => a - b);
    for (const at of ends) {
      kept.push({ second: tenth(seconds[at] ?? 0), value: all[at] ?? null });
    }
  }
  return {
    seconds: kept.map(({ second }) => second),
    values: kept.map(({ value }) => value),
  };
}

function tenth(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
