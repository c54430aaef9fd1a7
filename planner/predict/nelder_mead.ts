/** Nelder and Mead's simplex search: minimises a function without derivatives, in a bounded number of calls. @module */

/** Where the search starts and when it ends. */
export interface SimplexSearch {
  readonly start: readonly number[];
  /** First step along each axis. */
  readonly step: number;
  readonly mostCalls: number;
  /** Ends when the simplex's best and worst differ by less than this share. */
  readonly tolerance: number;
}

/** The best point that was found. */
export interface Minimum {
  readonly point: readonly number[];
  readonly value: number;
}

/** Deterministic; a value that is not a number counts as the worst. */
export function minimise(
  cost: (point: readonly number[]) => number,
  { start, step, mostCalls, tolerance }: SimplexSearch,
): Minimum {
  const at = (point: readonly number[]): Minimum => {
    const value = cost(point);
    return { point, value: Number.isNaN(value) ? Infinity : value };
  };
  const simplex = [at(start)];
  for (const axis of start.keys()) {
    simplex.push(at(start.map((x, i) => i === axis ? x + step : x)));
  }
  let calls = simplex.length;
  const order = () => simplex.sort((a, b) => a.value - b.value);
  order();
  while (calls < mostCalls && start.length > 0) {
    const best = simplex[0];
    const worst = simplex.at(-1);
    const nextWorst = simplex.at(-2);
    if (!best || !worst || !nextWorst) break;
    if (
      worst.value - best.value <= tolerance * (Math.abs(best.value) + 1e-300)
    ) break;
    const centre = start.map((_, i) =>
      simplex.slice(0, -1).reduce(
        (sum, { point }) => sum + (point[i] ?? 0),
        0,
      ) / start.length
    );
    const along = (factor: number) => {
      calls++;
      return at(centre.map((x, i) => x + factor * ((worst.point[i] ?? 0) - x)));
    };
    const reflected = along(-1);
    let next = reflected;
    if (reflected.value < best.value) {
      const expanded = along(-2);
      if (expanded.value < reflected.value) next = expanded;
    } else if (reflected.value >= nextWorst.value) {
      next = along(reflected.value < worst.value ? -0.5 : 0.5);
    }
    if (next.value < worst.value) simplex[simplex.length - 1] = next;
    else {
      for (const [i, { point }] of simplex.entries()) {
        if (i === 0) continue;
        calls++;
        simplex[i] = at(point.map((x, j) => (x + (best.point[j] ?? 0)) / 2));
      }
    }
    order();
  }
  return simplex[0] ?? at(start);
}
