/** Packs with some of their measured power taken away, for judging what fills the gap. @module */

import { gridViews, sitesViews } from "../data/pack/block_views.ts";
import type { PackSlice } from "../data/pack/format.ts";
import type { LoadedPack } from "../host.ts";
import { foldOf, FOLDS } from "./family_fit.ts";

/** What is taken away. */
export type HeldOut =
  /** Single rows, a fifth of them at random: points between measured ones. */
  | "rows"
  /** Whole shapes, a fifth of them: kernels of which nothing is measured. */
  | "shapes"
  | "all";

const RANDOM_STEP = 0x9e3779b1;

/**
 * A copy of a pack without the power of what is held out; latencies stay. The same for the same pack.
 *
 * @param fold which fifth of the rows or shapes
 */
export function holdOut(
  pack: LoadedPack,
  what: HeldOut,
  fold = 0,
): LoadedPack {
  const payload = pack.payload.slice();
  const slices = pack.directory.slices.map((slice): PackSlice => {
    if (slice.poweredLeaves === 0) return slice;
    const watts = wattsWithShapes(payload, slice);
    let poweredLeaves = 0;
    watts.forEach(({ column, leaf, shape }) => {
      const held = what === "all" ||
        (what === "shapes"
          ? foldOf(shape) === fold
          : (Math.imul(leaf + slice.offset, RANDOM_STEP) >>> 8) % FOLDS ===
            fold);
      if (held) column[leaf] = 0;
      else if ((column[leaf] ?? 0) > 0) poweredLeaves++;
    });
    return { ...slice, poweredLeaves };
  });
  return { directory: { ...pack.directory, slices }, payload };
}

interface Leaf {
  readonly column: Float64Array;
  readonly leaf: number;
  readonly shape: string;
}

/** Every leaf of a slice with the name of its shape, as `samples.ts` names it. */
function wattsWithShapes(payload: Uint8Array, slice: PackSlice): Leaf[] {
  const name = `${slice.table}|${slice.key.join("|")}`;
  const leaves: Leaf[] = [];
  const add = (
    column: Float64Array | null,
    [first, end]: readonly [number, number],
    shape: string,
  ) => {
    if (column === null) return;
    for (let leaf = first; leaf < end; leaf++) {
      leaves.push({ column, leaf, shape });
    }
  };
  if (slice.table === "gemm") {
    const views = sitesViews(payload, slice.offset);
    views.n.forEach((n, site) =>
      add(
        views.powerWatts,
        [views.leafStart[site] ?? 0, views.leafStart[site + 1] ?? 0],
        `${name}|${n}|${views.k[site]}`,
      )
    );
    return leaves;
  }
  const views = gridViews(payload, slice.offset);
  views.keys0.forEach((key0, outer) => {
    const first = views.leafStart[views.rowStart[outer] ?? 0] ?? 0;
    const end = views.leafStart[views.rowStart[outer + 1] ?? 0] ?? 0;
    add(views.powerWatts, [first, end], `${name}|${key0}`);
  });
  return leaves;
}
