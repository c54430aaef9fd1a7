/** Sorting rows by their axes and dropping repeated ones. @module */

/**
 * Rows sorted by all axes, outermost first; of rows with equal axes only the first one.
 *
 * @param axes columns of equal length
 * @returns row numbers
 */
export function distinctSorted(axes: readonly Float64Array[]): Int32Array {
  const rows = axes[0]?.length ?? 0;
  const ranked = axes.map(rankOf);
  const span = ranked.reduce((product, it) => product * it.distinct, rows);
  const order = span < Number.MAX_SAFE_INTEGER
    ? sortByOneNumber(ranked, rows)
    : sortByComparing(axes, rows);
  let count = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i]!;
    const before = order[count - 1]!;
    if (count > 0 && axes.every((axis) => axis[row] === axis[before])) continue;
    order[count++] = row;
  }
  return order.slice(0, count);
}

interface Ranked {
  /** Per row the position of its value among the distinct ones. */
  readonly ranks: Float64Array;
  readonly distinct: number;
}

function rankOf(axis: Float64Array): Ranked {
  const values = Float64Array.from(new Set(axis)).sort();
  const rank = new Map<number, number>();
  values.forEach((value, position) => rank.set(value, position));
  return {
    ranks: axis.map((value) => rank.get(value)!),
    distinct: values.length,
  };
}

/** All ranks and the row number in one whole number: sorting numbers needs no comparison function. */
function sortByOneNumber(
  ranked: readonly Ranked[],
  rows: number,
): Int32Array {
  const keys = new Float64Array(rows);
  for (const { ranks, distinct } of ranked) {
    for (let row = 0; row < rows; row++) {
      keys[row] = keys[row]! * distinct + ranks[row]!;
    }
  }
  for (let row = 0; row < rows; row++) keys[row] = keys[row]! * rows + row;
  return Int32Array.from(keys.sort(), (key) => key % rows);
}

function sortByComparing(
  axes: readonly Float64Array[],
  rows: number,
): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row).sort((a, b) => {
    for (const axis of axes) {
      const difference = axis[a]! - axis[b]!;
      if (difference !== 0) return difference;
    }
    return a - b;
  });
}
