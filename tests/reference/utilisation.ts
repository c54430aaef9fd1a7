/** The empirical estimate: utilisation of measured rows, carried to the query (`aic-engine.md` §5.12). @module */

import { Refusal } from "./refusal.ts";
import type { Tables } from "./tables.ts";

/** A measured row with the speed of light it is compared to. */
export interface Sample {
  readonly at: readonly number[];
  readonly ms: number;
  readonly sol: number;
}

const log = (value: number) => Math.log(Math.max(value, 1e-9));

/** Scale of one axis: logarithm, then min-max over the samples. */
class Axis {
  readonly #low: number;
  readonly #span: number;

  constructor(values: readonly number[]) {
    const logs = values.map(log);
    this.#low = logs.reduce((a, b) => Math.min(a, b), Infinity);
    const span = logs.reduce((a, b) => Math.max(a, b), -Infinity) - this.#low;
    this.#span = span === 0 ? 1 : span;
  }

  of(value: number): number {
    return (log(value) - this.#low) / this.#span;
  }
}

const clamp = (x: number) => Math.min(1, Math.max(0, x));

/** Utilisation over the samples of one slice. */
class UtilisationGrid {
  readonly #axes: readonly Axis[];
  readonly #points: readonly {
    readonly u: number;
    readonly at: readonly number[];
  }[];

  constructor(samples: readonly Sample[]) {
    const usable = samples.filter(({ ms, sol }) => ms > 0 && sol > 0);
    const width = usable[0]?.at.length ?? 0;
    const axes = Array.from(
      { length: width },
      (_, i) => new Axis(usable.map(({ at }) => at[i] ?? 0)),
    );
    this.#axes = axes;
    this.#points = usable.map(({ at, ms, sol }) => ({
      u: sol / ms,
      at: axes.map((axis, i) => axis.of(at[i] ?? 0)),
    }));
  }

  /** Inverse-distance mean of the two nearest samples, the earlier one on a tie; undefined without samples. */
  at(point: readonly number[]): number | undefined {
    const query = this.#axes.map((axis, i) => clamp(axis.of(point[i] ?? 0)));
    let first: Near = { u: NaN, distance: Infinity };
    let second: Near = first;
    for (const { u, at } of this.#points) {
      const distance = Math.sqrt(
        at.reduce((sum, x, i) => sum + (x - (query[i] ?? 0)) ** 2, 0),
      );
      if (distance < first.distance) [first, second] = [{ u, distance }, first];
      else if (distance < second.distance) second = { u, distance };
    }
    if (first.distance === Infinity) return undefined;
    if (first.distance === 0 || second.distance === Infinity) return first.u;
    const [w1, w2] = [1 / first.distance, 1 / second.distance];
    return (w1 * first.u + w2 * second.u) / (w1 + w2);
  }
}

interface Near {
  readonly u: number;
  readonly distance: number;
}

/** One rung of a ladder: samples of a reference and the ratio of its utilisation to the query's own. */
export interface Rung {
  /** Names the samples among all of one set of tables; grids are kept under it. */
  readonly key: string;
  readonly samples: () => readonly Sample[];
  readonly ratio: number;
}

const kept = new WeakMap<Tables, Map<string, UtilisationGrid>>();

function gridOf(tables: Tables, { key, samples }: Rung): UtilisationGrid {
  const grids = kept.get(tables) ?? new Map<string, UtilisationGrid>();
  kept.set(tables, grids);
  const grid = grids.get(key) ?? new UtilisationGrid(samples());
  grids.set(key, grid);
  return grid;
}

/** The first rung with a usable sample answers: latency in ms. */
export function climb(
  tables: Tables,
  rungs: Iterable<Rung>,
  { at, sol }: { readonly at: readonly number[]; readonly sol: number },
): number {
  for (const rung of rungs) {
    const utilisation = gridOf(tables, rung).at(at);
    if (utilisation !== undefined) return sol / (utilisation * rung.ratio);
  }
  throw new Refusal("no_empirical", `No samples anywhere for [${at.join()}].`);
}

/**
 * The one nearest sample, scaled by the speed of light: what the peer does for compute_scale, where samples of
 * latency 0 count too. The document leaves this open.
 */
export function scaleNearest(
  samples: readonly Sample[],
  { at, sol }: { readonly at: readonly number[]; readonly sol: number },
): number {
  const axes = at.map((_, axis) =>
    new Axis(samples.map((it) => it.at[axis] ?? 0))
  );
  const query = axes.map((axis, i) => clamp(axis.of(at[i] ?? 0)));
  const distances = samples.map((sample) =>
    axes.reduce(
      (sum, axis, i) =>
        sum + (axis.of(sample.at[i] ?? 0) - (query[i] ?? 0)) ** 2,
      0,
    )
  );
  const nearest = samples[distances.indexOf(Math.min(...distances))];
  if (nearest === undefined) {
    throw new Refusal(
      "no_empirical",
      `No samples anywhere for [${at.join()}].`,
    );
  }
  return nearest.ms * sol / nearest.sol;
}

/** Index of the candidate nearest to a shape, min-max normalised over the candidates; the first on a tie. */
export function nearestShape(
  candidates: readonly (readonly number[])[],
  shape: readonly number[],
): number {
  const axes = shape.map((_, axis) =>
    new Axis(candidates.map((it) => it[axis] ?? 0))
  );
  const distances = candidates.map((candidate) =>
    axes.reduce(
      (sum, axis, i) =>
        sum + (axis.of(candidate[i] ?? 0) - axis.of(shape[i] ?? 0)) ** 2,
      0,
    )
  );
  return distances.indexOf(Math.min(...distances));
}

/** Which transfers a policy allows. */
export interface Transfers {
  readonly shape: boolean;
  readonly quant: boolean;
  readonly profile: boolean;
}

/** Transfers of a policy by name. */
export function transfersOf(policy: string): Transfers {
  return {
    shape: policy !== "off",
    quant: policy === "balanced" || policy === "aggressive",
    profile: policy === "aggressive",
  };
}
