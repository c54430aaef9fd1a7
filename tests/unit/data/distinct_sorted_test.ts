/** Sorting rows by their axes, first row of equal ones kept. @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import { distinctSorted } from "../../../optimizer-wasm/data/import/distinct_sorted.ts";

/** The same in the plainest way. */
function naive(axes: readonly Float64Array[]): number[] {
  const rows = Array.from(axes[0] ?? [], (_, row) => row);
  const compare = (a: number, b: number) =>
    axes.map((axis) => axis[a]! - axis[b]!).find((it) => it !== 0) ?? 0;
  return rows.toSorted((a, b) => compare(a, b) || a - b)
    .filter((row, i, all) => i === 0 || compare(all[i - 1]!, row) !== 0);
}

const columns = (value: fc.Arbitrary<number>) =>
  fc.integer({ min: 1, max: 3 }).chain((axes) =>
    fc.array(fc.array(value, { minLength: axes, maxLength: axes }), {
      maxLength: 80,
    }).map((rows) =>
      Array.from(
        { length: axes },
        (_, axis) => Float64Array.from(rows, (row) => row[axis]!),
      )
    )
  );

Deno.test("distinctSorted() equals sorting and dropping repeats one by one", () => {
  fc.assert(fc.property(columns(fc.nat(4)), (axes) => {
    assert.deepEqual([...distinctSorted(axes)], naive(axes));
  }));
});

Deno.test("distinctSorted() takes keys up to 2^53", () => {
  fc.assert(fc.property(columns(fc.maxSafeNat()), (axes) => {
    assert.deepEqual([...distinctSorted(axes)], naive(axes));
  }));
});

Deno.test("distinctSorted() still sorts when the ranks do not fit into one number", () => {
  const rows = 12_000;
  const shuffled = (factor: number) =>
    Float64Array.from({ length: rows }, (_, row) => (row * factor) % rows);
  const axes = [shuffled(7), shuffled(11), shuffled(13)];
  assert(rows ** 4 > Number.MAX_SAFE_INTEGER);
  assert.deepEqual([...distinctSorted(axes)], naive(axes));
});
